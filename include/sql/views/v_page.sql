-- One row per page in the warehouse, with its text, confidence and where that text came from.
CREATE OR REPLACE VIEW v_page AS
SELECT
    p.media_id AS media_id,  -- number of the medium, the same in all views
    m.sha256 AS sha256,  -- SHA-256 of the medium's bytes
    l.uri AS uri,  -- where the medium lies, as in v_document
    m.kind AS kind,  -- image, pdf, video or text
    p.page_no AS page_no,  -- from 1; of a video, the number of the text that stood there for a while
    p.text AS text,  -- lines of the page in reading order; has a full-text index: MATCH(text) AGAINST('…')
    p.confidence AS confidence,  -- mean of its lines, weighted by their length, 0 to 1; null without text
    p.confidence_low AS confidence_low,  -- what a tenth of its lines do not exceed: shows the ruined corner
    p.width AS width,  -- of the picture that was read, in pixels
    p.height AS height,  -- of the picture that was read, in pixels
    p.dpi AS dpi,  -- at which a page without pixels of its own was drawn, or which the picture names
    p.text_source AS text_source,  -- ocr, text_layer or text_file
    p.engine AS engine,  -- what read it, for example paddle
    p.model AS model,  -- models of the engine
    p.fingerprint AS fingerprint,  -- changes whenever engine, models or settings could give another text
    p.milliseconds AS milliseconds,  -- that reading it took
    p.start_ms AS start_ms,  -- in a video, from when on it was seen, in milliseconds
    p.end_ms AS end_ms,  -- in a video, until when it was seen, in milliseconds
    r.run_id AS run_id,  -- the run that loaded it or changed it last
    p.loaded_at AS loaded_at,  -- when it was loaded or changed last
    p.rotation AS rotation,  -- degrees clockwise by which it was turned to be upright
    p.low_line_share AS low_line_share,  -- share of its lines with a confidence below 0.8
    p.preprocessing AS preprocessing,  -- what was done to the picture before it was read
    p.quality AS quality,  -- accepted, or warning: loaded although a check gave a warning
    p.warnings AS warnings  -- names of the checks that gave a warning, with commas; empty when none did
/* Outer joins, although no page lacks a medium or a run: the server then starts at the pages and their indexes. */
FROM page AS p
LEFT JOIN media AS m ON m.id = p.media_id
LEFT JOIN ingest_run AS r ON r.id = p.ingest_run_id
LEFT JOIN media_location AS l ON l.id = m.location_id

-- One row per page: which batch of which run read it, with what and how, and out of which source.
CREATE OR REPLACE VIEW v_lineage AS
SELECT
    p.media_id AS media_id,  -- number of the medium, the same in all views
    m.sha256 AS sha256,  -- SHA-256 of the bytes that were read
    l.uri AS uri,  -- where the medium lies, as in v_document
    p.page_no AS page_no,  -- as in v_page
    l.source AS source,  -- name of the source in the catalogue, or else the address that was typed
    s.kind AS source_kind,  -- folder (of files or objects), manifest or url
    s.location AS source_location,  -- address of the source
    a.sha256 AS archive_sha256,  -- of what was taken out of an archive, SHA-256 of that archive
    TIMESTAMPADD(MICROSECOND, l.modified_ns DIV 1000, TIMESTAMP '1970-01-01 00:00:00')
        AS modified_at,  -- when the file was last changed, by its source
    m.first_seen AS first_seen,  -- when the medium was fetched for the first time
    r.run_id AS run_id,  -- the run that loaded the page or changed it last
    r.source AS run_source,  -- what that run was asked for; empty: all that were due
    r.params AS params,  -- what that run was started with, as JSON: engine, languages, source …
    r.started_at AS run_started_at,  -- when that run began
    r.finished_at AS run_finished_at,  -- when its books were closed
    p.batch_no AS batch_no,  -- the batch of that run which loaded the page; of a medium read in parts, the last one
    b.device AS device,  -- on which that batch was read, for example cpu
    b.ocr_started_at AS ocr_started_at,  -- when the reading of that batch began
    b.ocr_finished_at AS ocr_finished_at,  -- when it ended
    p.loaded_at AS loaded_at,  -- when the page was loaded or changed last
    p.text_source AS text_source,  -- ocr, text_layer or text_file
    p.engine AS engine,  -- what read the page
    p.model AS model,  -- models of the engine
    p.fingerprint AS fingerprint,  -- changes whenever engine, models or settings could give another text
    p.preprocessing AS preprocessing,  -- what was done to the picture before it was read
    p.dpi AS dpi,  -- as in v_page
    p.rotation AS rotation,  -- degrees clockwise by which it was turned to be upright
    p.quality AS quality,  -- accepted or warning
    p.warnings AS warnings  -- names of the checks that gave a warning, with commas
FROM page AS p
LEFT JOIN media AS m ON m.id = p.media_id
LEFT JOIN ingest_run AS r ON r.id = p.ingest_run_id
LEFT JOIN ingest_batch AS b ON b.ingest_run_id = p.ingest_run_id AND b.batch_no = p.batch_no
LEFT JOIN media_location AS l ON l.id = m.location_id
LEFT JOIN media AS a ON a.id = l.archive_id
LEFT JOIN source AS s ON s.name_hash = l.source_hash

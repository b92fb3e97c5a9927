-- One row per line of a page: its text, how far to trust it, where it stands, and what another engine read there.
CREATE OR REPLACE VIEW v_line AS
SELECT
    p.media_id AS media_id,  -- number of the medium, the same in all views
    m.sha256 AS sha256,  -- SHA-256 of the medium's bytes
    l.uri AS uri,  -- where the medium lies, as in v_document
    p.page_no AS page_no,  -- as in v_page
    n.line_no AS line_no,  -- from 1 on each page, in reading order
    n.text AS text,  -- of the line
    n.confidence AS confidence,  -- 0 to 1: of lines with 0.9, nine in ten are right
    COALESCE(n.engine, p.engine) AS engine,  -- what read this line
    n.other_engine AS other_engine,  -- of a line that was read twice, the engine whose reading was not taken
    n.other_text AS other_text,  -- what that engine read
    n.other_confidence AS other_confidence,  -- and its confidence
    n.polygon AS polygon,  -- [[x, y], …] in pixels of the page, clockwise from the top left
    n.start_ms AS start_ms,  -- in a video, from when on it was seen, in milliseconds
    n.end_ms AS end_ms  -- in a video, until when it was seen, in milliseconds
FROM line AS n
JOIN page AS p ON p.id = n.page_id
LEFT JOIN media AS m ON m.id = p.media_id
LEFT JOIN media_location AS l ON l.id = m.location_id

-- One row per page in the warehouse, with its text, confidence and where that text came from.
CREATE OR REPLACE VIEW v_page AS
SELECT
    m.id              AS media_id,
    m.sha256          AS sha256,
    l.uri             AS uri,
    m.kind            AS kind,
    p.page_no         AS page_no,
    p.text            AS text,
    p.confidence      AS confidence,
    p.confidence_low  AS confidence_low,
    p.width           AS width,
    p.height          AS height,
    p.dpi             AS dpi,
    p.text_source     AS text_source,
    p.engine          AS engine,
    p.model           AS model,
    p.fingerprint     AS fingerprint,
    p.milliseconds    AS milliseconds,
    p.start_ms        AS start_ms,
    p.end_ms          AS end_ms,
    r.run_id          AS run_id,
    p.loaded_at       AS loaded_at,
    p.rotation        AS rotation,
    p.low_line_share  AS low_line_share,
    p.preprocessing   AS preprocessing
FROM page AS p
JOIN media AS m ON m.id = p.media_id
JOIN ingest_run AS r ON r.id = p.ingest_run_id
LEFT JOIN media_location AS l
    ON l.id = (
        SELECT seen.id FROM media_location AS seen WHERE seen.media_id = m.id
        ORDER BY seen.deleted_at IS NOT NULL, seen.deleted_at DESC, seen.id LIMIT 1
    )

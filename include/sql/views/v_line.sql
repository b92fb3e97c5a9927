-- One row per line of a page: its text, how far to trust it, where it stands, and what another engine read there.
CREATE OR REPLACE VIEW v_line AS
SELECT
    m.id                 AS media_id,
    m.sha256             AS sha256,
    l.uri                AS uri,
    p.page_no            AS page_no,
    n.line_no            AS line_no,
    n.text               AS text,
    n.confidence         AS confidence,
    COALESCE(n.engine, p.engine)
                         AS engine,
    n.other_engine       AS other_engine,
    n.other_text         AS other_text,
    n.other_confidence   AS other_confidence,
    n.polygon            AS polygon,
    n.start_ms           AS start_ms,
    n.end_ms             AS end_ms
FROM line AS n
JOIN page AS p ON p.id = n.page_id
JOIN media AS m ON m.id = p.media_id
LEFT JOIN media_location AS l
    ON l.id = (
        SELECT seen.id FROM media_location AS seen WHERE seen.media_id = m.id
        ORDER BY seen.deleted_at IS NOT NULL, seen.deleted_at DESC, seen.id LIMIT 1
    )

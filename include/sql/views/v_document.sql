-- One row per medium that was read or refused: its whole text, how far to trust it, and where it lies.
CREATE OR REPLACE VIEW v_document AS
SELECT
    m.id          AS media_id,
    m.sha256      AS sha256,
    l.uri         AS uri,
    l.source      AS source,
    m.kind        AS kind,
    m.mime        AS mime,
    m.bytes       AS bytes,
    m.page_count  AS page_count,
    d.text        AS text,
    d.confidence  AS confidence,
    m.status      AS status,
    m.first_seen  AS first_seen,
    m.loaded_at   AS loaded_at,
    m.duration_ms AS duration_ms,
    d.confidence_low AS confidence_low,
    d.low_line_share AS low_line_share,
    -- Null while it lies anywhere: such a location is preferred.
    l.deleted_at  AS deleted_at
FROM media AS m
LEFT JOIN document AS d ON d.media_id = m.id
LEFT JOIN media_location AS l
    ON l.id = (
        SELECT seen.id FROM media_location AS seen WHERE seen.media_id = m.id
        ORDER BY seen.deleted_at IS NOT NULL, seen.deleted_at DESC, seen.id LIMIT 1
    )
WHERE m.status <> 'claimed'

-- One row per address at which something lies or lay: what, since when, and what became of it last.
CREATE OR REPLACE VIEW v_location AS
SELECT
    l.uri           AS uri,
    l.source        AS source,
    l.media_id      AS media_id,
    m.sha256        AS sha256,
    l.bytes         AS bytes,
    TIMESTAMPADD(MICROSECOND, l.modified_ns DIV 1000, TIMESTAMP '1970-01-01 00:00:00')
                    AS modified_at,
    l.etag          AS etag,
    l.tags          AS tags,
    l.`change`      AS `change`,
    l.changed_at    AS changed_at,
    f.uri           AS moved_from,
    l.first_seen    AS first_seen,
    -- A complete listing of the source saw all that it did not mark as deleted.
    CASE
        WHEN l.deleted_at IS NULL AND s.listed_at > l.last_seen THEN s.listed_at
        ELSE l.last_seen
    END             AS last_seen,
    l.deleted_at    AS deleted_at,
    CASE
        WHEN m.needs_retry AND m.next_try_at IS NOT NULL
            THEN GREATEST(m.next_try_at, COALESCE(l.next_try_at, m.next_try_at))
        ELSE l.next_try_at
    END             AS next_try,
    l.failures      AS failures
FROM media_location AS l
LEFT JOIN media AS m ON m.id = l.media_id
LEFT JOIN media_location AS f ON f.id = l.moved_from
LEFT JOIN source AS s ON s.name_hash = CONVERT(SHA2(l.source, 256) USING ascii)

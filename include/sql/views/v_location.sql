-- One row per address at which something lies or lay: what, since when, and what became of it last.
CREATE OR REPLACE VIEW v_location AS
SELECT
    l.uri AS uri,  -- the address, percent-encoded; what lies in an archive has archive!member
    l.source AS source,  -- name of the source in the catalogue, or else the address that was typed
    l.media_id AS media_id,  -- the medium that lies there; null when it was never fetched or refused unopened
    m.sha256 AS sha256,  -- SHA-256 of its bytes
    l.bytes AS bytes,  -- size that the source names; null for most URLs
    TIMESTAMPADD(MICROSECOND, l.modified_ns DIV 1000, TIMESTAMP '1970-01-01 00:00:00')
        AS modified_at,  -- when the file was last changed, by its source
    l.etag AS etag,  -- of an object, or of a URL's answer
    l.tags AS tags,  -- JSON array of the tags of the source and of the manifest
    l.`change` AS `change`,  -- what happened here last: new, changed, moved, copied, deleted or reappeared
    l.changed_at AS changed_at,  -- when that was noted
    f.uri AS moved_from,  -- where the content of what was moved lay before
    l.first_seen AS first_seen,  -- when something was first noted of the address
    CASE
        WHEN l.deleted_at IS NULL AND s.listed_at > l.last_seen THEN s.listed_at
        ELSE l.last_seen
    END AS last_seen,  -- when something was last noted of it, or its source listed completely without marking it
    l.deleted_at AS deleted_at,  -- since when a complete listing does not name it any more
    CASE
        WHEN m.needs_retry AND m.next_try_at IS NOT NULL
            THEN GREATEST(m.next_try_at, COALESCE(l.next_try_at, m.next_try_at))
        ELSE l.next_try_at
    END AS next_try,  -- until when what failed waits; null: at once, or never
    l.failures AS failures  -- how many runs failed here in a row before anything was fetched
FROM media_location AS l
LEFT JOIN media AS m ON m.id = l.media_id
LEFT JOIN media_location AS f ON f.id = l.moved_from
LEFT JOIN source AS s ON s.name_hash = l.source_hash

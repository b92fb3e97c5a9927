-- One row per source that a run opened: when all of it was last listed, and what is known of it.
CREATE OR REPLACE VIEW v_source AS
SELECT
    s.name          AS name,
    s.kind          AS kind,
    s.location      AS location,
    s.listed_at     AS listed_at,
    s.media_listed  AS media_listed,
    COALESCE(l.present, 0)
                    AS locations_present,
    COALESCE(l.deleted, 0)
                    AS locations_deleted,
    COALESCE(l.quarantined, 0) + (
        SELECT COUNT(*) FROM quarantine AS q
        WHERE q.stage = 'discover' AND q.status = 'open'
            AND LEFT(q.uri, CHAR_LENGTH(s.location) + 1) = CONCAT(s.location, '#')
    )               AS open_quarantine
FROM source AS s
LEFT JOIN (
    SELECT
        SHA2(at.source, 256)          AS name_hash,
        SUM(at.deleted_at IS NULL)     AS present,
        SUM(at.deleted_at IS NOT NULL) AS deleted,
        SUM(COALESCE(q.entries, 0))    AS quarantined
    FROM media_location AS at
    LEFT JOIN (
        SELECT uri_hash, COUNT(*) AS entries FROM quarantine WHERE status = 'open' GROUP BY uri_hash
    ) AS q ON q.uri_hash = at.uri_hash
    GROUP BY SHA2(at.source, 256)
) AS l ON CONVERT(l.name_hash USING ascii) = s.name_hash

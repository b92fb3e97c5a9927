-- One row per source that a run opened: when all of it was last listed, and what is known of it.
CREATE OR REPLACE VIEW v_source AS
SELECT
    s.name AS name,  -- in the catalogue, or else the address that was typed
    s.kind AS kind,  -- folder (of files or objects), manifest or url
    s.location AS location,  -- its address
    s.listed_at AS listed_at,  -- start of the last listing that came to its end
    s.media_listed AS media_listed,  -- what that listing named
    (
        SELECT COUNT(*) FROM media_location AS at WHERE at.source_hash = s.name_hash AND at.deleted_at IS NULL
    ) AS locations_present,  -- addresses that are known and not deleted, members of archives included
    (
        SELECT COUNT(*) FROM media_location AS at WHERE at.source_hash = s.name_hash AND at.deleted_at IS NOT NULL
    ) AS locations_deleted,  -- addresses that are deleted
    COALESCE(q.entries, 0) + CASE
        WHEN s.kind <> 'manifest' THEN 0
        ELSE (
            SELECT COUNT(*) FROM quarantine AS e
            WHERE e.stage = 'discover' AND e.status = 'open'
                AND LEFT(e.uri, CHAR_LENGTH(s.location) + 1) = CONCAT(s.location, '#')
        )
    END AS open_quarantine  -- open entries at its addresses, and of malformed lines of its manifest
FROM source AS s
LEFT JOIN (
    SELECT at.source_hash, COUNT(*) AS entries
    FROM quarantine AS e
    JOIN media_location AS at ON at.uri_hash = e.uri_hash
    WHERE e.status = 'open'
    GROUP BY at.source_hash
) AS q ON q.source_hash = s.name_hash

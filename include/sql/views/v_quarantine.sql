-- One row per medium or page that could not be accepted, with a sentence that says why.
CREATE OR REPLACE VIEW v_quarantine AS
SELECT
    q.id          AS quarantine_id,  -- key of the entry: the DAG quarantine_retry takes it as ids
    q.sha256      AS sha256,         -- the content; null when it did not arrive
    q.uri         AS uri,            -- address at which it was refused last
    q.page_no     AS page_no,        -- the page; null for the whole medium
    q.stage       AS stage,          -- where it was refused: discover, fetch, ocr or validate
    q.reason      AS reason,         -- code of the reason, see docs/quarantine.md
    q.message     AS message,        -- a sentence that says what is wrong and what to do
    q.detail      AS detail,         -- for maintainers: the words of the library, or the checks that failed
    q.attempts    AS attempts,       -- runs that refused it since it was opened
    q.status      AS status,         -- open, resolved, ignored, or gone (the file is deleted)
    q.first_seen  AS first_seen,     -- when it was refused first
    q.last_seen   AS last_seen,      -- when it was refused last, or closed by a run
    r.run_id      AS run_id,         -- the run that refused it last
    q.next_try_at AS next_try,       -- before this, no run tries it by itself; null: at once, or never
    REPLACE(
        SUBSTRING_INDEX(SUBSTRING_INDEX(q.uri, '/', -1), '!', -1), '%20', ' '
    )             AS name,           -- last part of the address, for people
    COALESCE(
        l.source,
        (
            SELECT MIN(s.name) FROM source AS s
            WHERE q.stage = 'discover' AND s.location = SUBSTRING_INDEX(q.uri, '#', 1)
        )
    )             AS source,         -- name of the source from which it came
    m.id          AS media_id,       -- the medium in v_document and v_page; null when it was refused unopened
    m.kind        AS kind,           -- image, pdf, video, text or archive; null when it was refused unopened
    COALESCE(m.bytes, l.bytes) AS bytes, -- size of the file, where it is known
    q.permanent   AS permanent,      -- 1: the same bytes would be refused again, so that no run tries them
    q.text_read   AS text_read,      -- of a page that a check refused: the beginning of what was read
    q.confidence  AS confidence,     -- of a page that a check refused: that of what was read
    CASE
        WHEN q.status = 'open' AND m.status IN ('partial', 'quarantined')
            THEN CONCAT('content/', LEFT(q.sha256, 2), '/', q.sha256)
    END           AS copy_path,      -- the original bytes, below the staging folder; null: only at their address
    q.closed_at   AS closed_at,      -- when it was resolved, ignored or gone; null while it is open
    q.note        AS note            -- what somebody wrote last about it
FROM quarantine AS q
JOIN ingest_run AS r ON r.id = q.ingest_run_id
LEFT JOIN media AS m ON m.sha256 = q.sha256
LEFT JOIN media_location AS l ON l.uri_hash = q.uri_hash

-- One row per medium or page that could not be accepted, with a sentence that says why.
CREATE OR REPLACE VIEW v_quarantine AS
SELECT
    q.id          AS quarantine_id,
    q.sha256      AS sha256,
    q.uri         AS uri,
    q.page_no     AS page_no,
    q.stage       AS stage,
    q.reason      AS reason,
    q.message     AS message,
    q.detail      AS detail,
    q.attempts    AS attempts,
    q.status      AS status,
    q.first_seen  AS first_seen,
    q.last_seen   AS last_seen,
    r.run_id      AS run_id,
    q.next_try_at AS next_try
FROM quarantine AS q
JOIN ingest_run AS r ON r.id = q.ingest_run_id

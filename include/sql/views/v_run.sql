-- One row per run of the pipeline: what it found, what became of it, and how fast it went.
CREATE OR REPLACE VIEW v_run AS
SELECT
    r.run_id             AS run_id,
    r.source             AS source,
    r.state              AS state,
    r.started_at         AS started_at,
    r.finished_at        AS finished_at,
    r.media_found        AS media_found,
    r.media_unchanged    AS media_unchanged,
    r.media_loaded       AS media_loaded,
    r.media_quarantined  AS media_quarantined,
    r.pages_loaded       AS pages_loaded,
    r.pages_quarantined  AS pages_quarantined,
    r.batches            AS batches,
    r.confidence         AS confidence,
    r.pages_loaded / NULLIF(TIMESTAMPDIFF(MICROSECOND, r.started_at, r.finished_at) / 1000000, 0)
                         AS pages_per_second,
    r.interval_start     AS interval_start,
    r.interval_end       AS interval_end,
    r.media_refused      AS media_refused,
    r.media_waiting      AS media_waiting,
    r.media_reappeared   AS media_reappeared,
    r.media_deleted      AS media_deleted,
    r.estimated_seconds  AS estimated_seconds,
    r.problem            AS problem
FROM ingest_run AS r

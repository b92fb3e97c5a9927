-- One row per day, source of a run, check of the quality gate and severity: how many pages failed it (UTC).
CREATE OR REPLACE VIEW v_check_daily AS
SELECT
    DATE(q.measured_at) AS day,  -- the day in UTC on which batches were judged
    r.source AS source,  -- what the run was asked for, as in v_run; empty: all that were due
    q.check_name AS check_name,  -- what was looked for: see the list of checks
    q.severity AS severity,  -- warning: pages that fail are loaded and flagged; critical: they go to quarantine
    COUNT(*) AS batches,  -- that were judged
    SUM(q.success = 0) AS batches_failed,  -- of these, those in which a page failed
    SUM(q.element_count) AS pages,  -- that were looked at
    SUM(q.unexpected_count) AS pages_failed,  -- of these, those that failed
    SUM(q.unexpected_count) * 1e0 / NULLIF(SUM(q.element_count), 0) AS failed_share  -- pages_failed by pages, 0 to 1
FROM quality_result AS q
JOIN ingest_run AS r ON r.id = q.ingest_run_id
GROUP BY DATE(q.measured_at), r.source, q.check_name, q.severity

-- One row per day, check of the quality gate and severity: how many of the pages that were looked at failed it (UTC).
CREATE OR REPLACE VIEW v_check_daily AS
SELECT
    DATE(measured_at) AS day,  -- the day in UTC on which the batches were judged
    check_name AS check_name,  -- what was looked for: see the list of checks
    severity AS severity,  -- warning: pages that fail are loaded and flagged; critical: they go to quarantine
    COUNT(*) AS batches,  -- that were judged
    SUM(success = 0) AS batches_failed,  -- of these, those in which a page failed
    SUM(element_count) AS pages,  -- that were looked at
    SUM(unexpected_count) AS pages_failed,  -- of these, those that failed
    SUM(unexpected_count) * 1e0 / NULLIF(SUM(element_count), 0) AS failed_share  -- pages_failed by pages, 0 to 1
FROM quality_result
GROUP BY DATE(measured_at), check_name, severity

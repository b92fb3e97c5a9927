-- One row per day and source of a run: what the quality gate made of the pages that were loaded on that day (UTC).
-- From the books of batches, so a page that was read again counts again.
CREATE OR REPLACE VIEW v_quality_daily AS
SELECT
    b.day AS day,  -- the day in UTC on which the batch was loaded; of a medium read in parts, its last part
    r.source AS source,  -- what the run was asked for, as in v_run; empty: all that were due
    SUM(b.pages_loaded + b.pages_quarantined) AS pages,  -- that were judged
    SUM(b.pages_loaded) AS pages_loaded,  -- accepted, with or without a warning
    SUM(b.pages_warned) AS pages_warned,  -- of pages_loaded, those with a warning
    SUM(b.pages_quarantined) AS pages_quarantined,  -- refused
    SUM(b.pages_warned) * 1e0 / NULLIF(SUM(b.pages_loaded + b.pages_quarantined), 0)
        AS warned_share,  -- pages_warned by pages, 0 to 1
    SUM(b.pages_quarantined) * 1e0 / NULLIF(SUM(b.pages_loaded + b.pages_quarantined), 0)
        AS quarantined_share,  -- pages_quarantined by pages, 0 to 1
    SUM(b.confidence_sum) / NULLIF(SUM(b.pages_with_text), 0)
        AS confidence,  -- mean of the loaded pages with text, 0 to 1
    SUM(b.pages_with_text) AS pages_with_text,  -- over how many pages that is the mean: its weight in a mean of days
    COUNT(DISTINCT b.ingest_run_id) AS runs  -- that loaded something on that day
FROM (
    SELECT
        DATE(loaded_at) AS day, ingest_run_id, pages_loaded, pages_warned, pages_quarantined, confidence_sum,
        pages_with_text
    FROM ingest_batch
    WHERE loaded_at IS NOT NULL
    UNION ALL
    SELECT
        DATE(through.read_at), g.ingest_run_id, g.pages_loaded, g.pages_warned, g.pages_quarantined, g.confidence_sum,
        g.pages_with_text
    FROM reading AS g
    JOIN (
        SELECT reading_id, MAX(read_at) AS read_at FROM reading_part GROUP BY reading_id
    ) AS through ON through.reading_id = g.id
    WHERE g.outcome IS NOT NULL AND through.read_at IS NOT NULL
) AS b
JOIN ingest_run AS r ON r.id = b.ingest_run_id
WHERE b.pages_loaded + b.pages_quarantined > 0
GROUP BY b.day, r.source

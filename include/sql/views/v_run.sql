-- One row per run of the pipeline: what it found, what became of it, and how fast it went.
CREATE OR REPLACE VIEW v_run AS
SELECT
    r.run_id AS run_id,  -- Airflow's id of the run
    r.source AS source,  -- what was asked for: a name in the catalogue or an address; empty: all that were due
    r.state AS state,  -- running, success, failed, or dry_run: found and estimated, and read nothing
    r.started_at AS started_at,  -- when it began
    r.finished_at AS finished_at,  -- when its books were closed
    r.media_found AS media_found,  -- with archives that were opened and their members: unchanged + loaded +
    -- quarantined
    r.media_unchanged AS media_unchanged,  -- that were not read: nothing new, or another batch reads them
    r.media_loaded AS media_loaded,  -- of which at least one page is accepted, or which have none
    r.media_quarantined AS media_quarantined,  -- of which nothing was accepted
    r.pages_loaded AS pages_loaded,  -- accepted, with or without a warning
    r.pages_quarantined AS pages_quarantined,  -- refused
    r.batches AS batches,  -- into which it was dealt; null until it is planned
    r.confidence AS confidence,  -- mean of the loaded pages with text, 0 to 1
    r.pages_loaded / NULLIF(TIMESTAMPDIFF(MICROSECOND, r.started_at, r.finished_at) / 1000000, 0)
        AS pages_per_second,  -- loaded pages by the time of the whole run
    r.interval_start AS interval_start,  -- of a backfill: only what was changed from here on
    r.interval_end AS interval_end,  -- of a backfill: only what was changed before this
    r.media_refused AS media_refused,  -- of media_quarantined, those refused already when they were listed
    r.media_waiting AS media_waiting,  -- of media_unchanged, those that failed lately and wait
    r.media_reappeared AS media_reappeared,  -- of media_unchanged, those that were deleted before
    r.media_deleted AS media_deleted,  -- addresses that are gone
    r.estimated_seconds AS estimated_seconds,  -- that one slot would take, by the plan
    r.problem AS problem,  -- batches and sources that did not get through, in words; null when all did, whatever is in quarantine
    r.pages_warned AS pages_warned  -- of pages_loaded, those with a warning
FROM ingest_run AS r

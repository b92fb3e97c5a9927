-- One row per day, engine and device: how much was read on that day (UTC), and how fast.
-- From the books of batches: of each, pages that an earlier attempt had read already count as read in the last one.
CREATE OR REPLACE VIEW v_throughput_daily AS
SELECT
    b.day AS day,  -- the day in UTC on which the reading of the batch ended
    b.engine AS engine,  -- what read it
    b.device AS device,  -- on which it was read, for example cpu; empty: not known
    COUNT(*) AS batches,  -- that were read
    SUM(b.media_total - b.media_unchanged) AS media,  -- in these batches, without those that were unchanged
    SUM(b.pages_done) AS pages,  -- that were read
    SUM(b.seconds) AS ocr_seconds,  -- of all batches together: seconds of slots
    SUM(b.alone) AS busy_seconds,  -- during which at least one batch was being read
    SUM(b.pages_done) * 1e0 / NULLIF(SUM(b.alone), 0) AS pages_per_second,  -- pages by busy_seconds: of the machine
    SUM(b.pages_done) * 1e0 / NULLIF(SUM(b.seconds), 0) AS pages_per_slot_second,  -- pages by ocr_seconds: of one slot
    SUM(b.seconds) * 1e0 / NULLIF(SUM(b.alone), 0) AS slots  -- how many batches were read at once, on average
FROM (
    SELECT
        DATE(ocr_finished_at) AS day,
        engine,
        COALESCE(device, '') AS device,
        media_total,
        media_unchanged,
        pages_done,
        TIMESTAMPDIFF(MICROSECOND, ocr_started_at, ocr_finished_at) / 1000000 AS seconds,
        GREATEST(0, TIMESTAMPDIFF(
            MICROSECOND,
            GREATEST(ocr_started_at, COALESCE(MAX(ocr_finished_at) OVER (
                PARTITION BY DATE(ocr_finished_at), engine, COALESCE(device, '') ORDER BY ocr_started_at, id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), ocr_started_at)),
            ocr_finished_at
        )) / 1000000 AS alone
    FROM ingest_batch
    WHERE engine IS NOT NULL AND ocr_finished_at >= ocr_started_at
) AS b
GROUP BY b.day, b.engine, b.device

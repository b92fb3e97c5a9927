-- How the last ten runs went.
SELECT run_id, state, started_at, media_found, media_loaded, media_unchanged, media_quarantined, pages_loaded, problem
FROM v_run
ORDER BY started_at DESC
LIMIT 10;

-- Everything that is known of how the newest page came to be: source, run, settings, batch, engine.
SELECT uri, page_no, source, run_id, params, batch_no, engine, model, fingerprint, preprocessing, loaded_at
FROM v_lineage
ORDER BY loaded_at DESC
LIMIT 1;

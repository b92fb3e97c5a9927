-- What became of files in the last seven days: new, changed, moved, copied, deleted, back again.
SELECT source, `change`, COUNT(*) AS files
FROM v_location
WHERE changed_at >= UTC_TIMESTAMP() - INTERVAL 7 DAY
GROUP BY source, `change`
ORDER BY files DESC;

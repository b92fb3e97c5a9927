-- What waits in quarantine, by reason, with one sentence of each.
SELECT reason, COUNT(*) AS entries, MIN(first_seen) AS since, MAX(message) AS for_example
FROM v_quarantine
WHERE status = 'open'
GROUP BY reason
ORDER BY entries DESC;

-- What was refused in the last seven days: file, page, sentence, how often, and when it is tried again.
SELECT uri, page_no, reason, message, attempts, status, next_try
FROM v_quarantine
WHERE last_seen >= UTC_TIMESTAMP() - INTERVAL 7 DAY
ORDER BY last_seen DESC
LIMIT 50;

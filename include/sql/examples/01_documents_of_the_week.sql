-- What was loaded in the last seven days: how many media of each kind, how sure their texts are.
SELECT kind, status, COUNT(*) AS documents, SUM(page_count) AS pages, ROUND(AVG(confidence), 3) AS confidence
FROM v_document
WHERE loaded_at >= UTC_TIMESTAMP() - INTERVAL 7 DAY
GROUP BY kind, status
ORDER BY documents DESC;

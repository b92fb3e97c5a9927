-- Pages that were loaded although a check of the quality gate had doubts, the newest first.
SELECT uri, page_no, warnings, ROUND(confidence, 3) AS confidence, loaded_at
FROM v_page
WHERE quality = 'warning'
ORDER BY loaded_at DESC
LIMIT 20;

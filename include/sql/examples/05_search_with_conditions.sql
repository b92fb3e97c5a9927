-- All of these words and none of those (+ and -), or the beginning of one (*).
SELECT uri, page_no, ROUND(confidence, 3) AS confidence
FROM v_search
WHERE MATCH(text) AGAINST('+harbour* -invoice' IN BOOLEAN MODE)
LIMIT 20;

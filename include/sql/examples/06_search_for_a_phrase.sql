-- Words in this order, side by side.
SELECT uri, page_no, textmill_snippet(text, '"town council"', 100) AS hit
FROM v_search
WHERE MATCH(text) AGAINST('"town council"' IN BOOLEAN MODE)
LIMIT 20;

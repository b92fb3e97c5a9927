-- Words in this order, side by side.
SELECT uri, page_no, textmill_snippet(text, '"salt marsh"', 12) AS hit
FROM v_search
WHERE MATCH(text) AGAINST('"salt marsh"' IN BOOLEAN MODE)
LIMIT 20;

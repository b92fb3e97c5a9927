-- Words as they may have been misread, too: the query is first widened to words that are alike.
SET @query = textmill_fuzzy('footbridqe');
SELECT uri, page_no, textmill_snippet(text, @query, 100) AS hit
FROM v_search
WHERE MATCH(text) AGAINST(@query IN BOOLEAN MODE)
LIMIT 20;

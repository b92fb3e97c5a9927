-- The pages that are about it most, with the place that was hit.
SELECT
    uri, page_no, ROUND(MATCH(text) AGAINST('harbour council bridge'), 2) AS score,
    textmill_snippet(text, 'harbour council bridge', 100) AS hit
FROM v_search
WHERE MATCH(text) AGAINST('harbour council bridge')
ORDER BY MATCH(text) AGAINST('harbour council bridge') DESC
LIMIT 10;

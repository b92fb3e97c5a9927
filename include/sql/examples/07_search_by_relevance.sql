-- The pages that are about it most, with the place that was hit.
SELECT
    uri, page_no, ROUND(MATCH(text) AGAINST('harbour ferry tide'), 2) AS score,
    textmill_snippet(text, 'harbour ferry tide', 12) AS hit
FROM v_search
WHERE MATCH(text) AGAINST('harbour ferry tide')
ORDER BY MATCH(text) AGAINST('harbour ferry tide') DESC
LIMIT 10;

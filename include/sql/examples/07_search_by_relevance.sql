-- The pages that are about it most, with the place that was hit: first the ten best, then all that is asked of them.
SELECT uri, page_no, ROUND(best.score, 2) AS score, textmill_snippet(text, 'harbour', 100) AS hit
FROM (
    SELECT page_id, MATCH(text) AGAINST('harbour') AS score
    FROM v_search
    WHERE MATCH(text) AGAINST('harbour')
    ORDER BY score DESC
    LIMIT 10
) AS best
JOIN v_search USING (page_id)
ORDER BY best.score DESC;

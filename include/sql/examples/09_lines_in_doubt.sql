-- The least certain lines of the least certain page, and what another engine read there.
SET @media_id = NULL, @page_no = NULL;
SELECT media_id, page_no INTO @media_id, @page_no
FROM v_page WHERE confidence_low IS NOT NULL ORDER BY confidence_low LIMIT 1;
SELECT uri, page_no, line_no, ROUND(confidence, 3) AS confidence, text, other_text, other_engine
FROM v_line
WHERE media_id = @media_id AND page_no = @page_no
ORDER BY confidence
LIMIT 20;

-- Where to look first: the pages whose worst lines are the least certain.
SELECT uri, page_no, ROUND(confidence_low, 3) AS worst_lines, ROUND(low_line_share, 2) AS share_of_low_lines
FROM v_page
WHERE confidence_low IS NOT NULL
ORDER BY confidence_low
LIMIT 20;

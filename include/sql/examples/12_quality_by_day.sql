-- How good the text of the last thirty days is: a line for a chart.
SELECT
    day, SUM(pages) AS pages, SUM(pages_warned) AS warned, SUM(pages_quarantined) AS quarantined,
    ROUND(SUM(confidence * pages_with_text) / SUM(pages_with_text), 3) AS confidence
FROM v_quality_daily
WHERE day >= UTC_DATE() - INTERVAL 30 DAY
GROUP BY day
ORDER BY day DESC;

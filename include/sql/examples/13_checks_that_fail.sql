-- Which checks of the quality gate found something in the last thirty days.
SELECT check_name, severity, SUM(pages_failed) AS pages_failed, SUM(pages) AS pages
FROM v_check_daily
WHERE day >= UTC_DATE() - INTERVAL 30 DAY
GROUP BY check_name, severity
HAVING SUM(pages_failed) > 0
ORDER BY pages_failed DESC;

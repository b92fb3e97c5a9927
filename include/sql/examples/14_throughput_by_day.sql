-- How much was read in the last thirty days, and how fast.
SELECT day, engine, device, media, pages, ROUND(ocr_seconds, 1) AS ocr_seconds, ROUND(pages_per_second, 2) AS pages_per_second
FROM v_throughput_daily
WHERE day >= UTC_DATE() - INTERVAL 30 DAY
ORDER BY day DESC, pages DESC;

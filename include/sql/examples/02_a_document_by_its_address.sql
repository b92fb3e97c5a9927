-- The text of one file, by its address: here of the one to which something happened last.
SET @uri = (SELECT uri FROM v_location WHERE media_id IS NOT NULL ORDER BY changed_at DESC LIMIT 1);
SELECT uri, kind, status, page_count, ROUND(confidence, 3) AS confidence, LEFT(text, 200) AS beginning
FROM v_document
WHERE uri = @uri;

-- What could be read in the newest video, and when.
SET @media_id = (SELECT media_id FROM v_document WHERE kind = 'video' ORDER BY loaded_at DESC LIMIT 1);
SELECT start_time, end_time, text, ROUND(confidence, 3) AS confidence
FROM v_video_text
WHERE media_id = @media_id
ORDER BY cue_no
LIMIT 50;

-- One row per cue of a video: the lines of a page that came and went together, as in an SRT file.
-- GROUP_CONCAT cuts off silently what is longer than group_concat_max_len (1,024 bytes unless set): therefore a
-- cue ends after some 400 bytes, and a line of more than 600 is a cue of its own.
CREATE OR REPLACE VIEW v_video_text AS
SELECT
    m.id          AS media_id,
    m.sha256      AS sha256,
    l.uri         AS uri,
    c.page_no     AS page_no,
    c.cue_no      AS cue_no,
    c.start_ms    AS start_ms,
    c.end_ms      AS end_ms,
    CONCAT(
        LPAD(c.start_ms DIV 3600000, GREATEST(2, LENGTH(c.start_ms DIV 3600000)), '0'), ':',
        LPAD(c.start_ms DIV 60000 % 60, 2, '0'), ':',
        LPAD(c.start_ms DIV 1000 % 60, 2, '0'), ',',
        LPAD(c.start_ms % 1000, 3, '0')
    )             AS start_time,
    CONCAT(
        LPAD(c.end_ms DIV 3600000, GREATEST(2, LENGTH(c.end_ms DIV 3600000)), '0'), ':',
        LPAD(c.end_ms DIV 60000 % 60, 2, '0'), ':',
        LPAD(c.end_ms DIV 1000 % 60, 2, '0'), ',',
        LPAD(c.end_ms % 1000, 3, '0')
    )             AS end_time,
    c.text        AS text,
    c.confidence  AS confidence
FROM (
    SELECT
        g.media_id,
        g.page_no,
        g.start_ms,
        g.end_ms,
        ROW_NUMBER() OVER (
            PARTITION BY g.media_id ORDER BY g.start_ms, g.page_no, MIN(g.line_no)
        ) AS cue_no,
        IF(COUNT(*) = 1, MIN(g.text), GROUP_CONCAT(g.text ORDER BY g.line_no SEPARATOR '\n')) AS text,
        SUM(g.confidence * CHAR_LENGTH(g.text)) / SUM(CHAR_LENGTH(g.text)) AS confidence
    FROM (
        SELECT
            p.media_id,
            p.page_no,
            n.line_no,
            n.text,
            n.confidence,
            n.start_ms,
            n.end_ms,
            IF(
                LENGTH(n.text) > 600,
                -n.line_no,
                COALESCE(SUM(LENGTH(n.text) + 1) OVER (
                    PARTITION BY n.page_id, n.start_ms, n.end_ms ORDER BY n.line_no
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ), 0) DIV 400
            ) AS part
        FROM line AS n
        JOIN page AS p ON p.id = n.page_id
        WHERE n.start_ms IS NOT NULL
    ) AS g
    GROUP BY g.media_id, g.page_no, g.start_ms, g.end_ms, g.part
) AS c
JOIN media AS m ON m.id = c.media_id
LEFT JOIN media_location AS l
    ON l.id = (
        SELECT seen.id FROM media_location AS seen WHERE seen.media_id = m.id
        ORDER BY seen.deleted_at IS NOT NULL, seen.deleted_at DESC, seen.id LIMIT 1
    )

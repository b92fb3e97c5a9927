-- One row per cue of a video: the lines of a page that came and went together, as in an SRT file.
/*
GROUP_CONCAT cuts off silently what is longer than group_concat_max_len (1,024 bytes unless set): therefore a
cue ends after some 400 bytes, and a line of more than 600 is a cue of its own.
Number, hash and address of the medium partition and group on every level: conditions on them are pushed down to
the tables, so that what is asked of one video reads the lines of that video alone.
*/
CREATE OR REPLACE VIEW v_video_text AS
SELECT
    c.media_id AS media_id,  -- number of the medium, the same in all views
    c.sha256 AS sha256,  -- SHA-256 of the medium's bytes
    c.uri AS uri,  -- where the medium lies, as in v_document
    c.page_no AS page_no,  -- the page of v_page in which the cue is
    c.cue_no AS cue_no,  -- from 1 through all of the video, in order of time
    c.start_ms AS start_ms,  -- from when on it was seen, in milliseconds
    c.end_ms AS end_ms,  -- until when it was seen, in milliseconds
    CONCAT(
        LPAD(c.start_ms DIV 3600000, GREATEST(2, LENGTH(c.start_ms DIV 3600000)), '0'), ':',
        LPAD(c.start_ms DIV 60000 % 60, 2, '0'), ':',
        LPAD(c.start_ms DIV 1000 % 60, 2, '0'), ',',
        LPAD(c.start_ms % 1000, 3, '0')
    ) AS start_time,  -- start_ms as SRT writes it: 00:01:02,345
    CONCAT(
        LPAD(c.end_ms DIV 3600000, GREATEST(2, LENGTH(c.end_ms DIV 3600000)), '0'), ':',
        LPAD(c.end_ms DIV 60000 % 60, 2, '0'), ':',
        LPAD(c.end_ms DIV 1000 % 60, 2, '0'), ',',
        LPAD(c.end_ms % 1000, 3, '0')
    ) AS end_time,  -- end_ms as SRT writes it
    c.text AS text,  -- its lines, each in one line
    c.confidence AS confidence  -- mean of its lines, weighted by their length, 0 to 1
FROM (
    SELECT
        k.media_id,
        k.sha256,
        k.uri,
        k.page_no,
        k.start_ms,
        k.end_ms,
        k.text,
        k.confidence,
        ROW_NUMBER() OVER (
            PARTITION BY k.media_id, k.sha256, k.uri ORDER BY k.start_ms, k.page_no, k.line_no
        ) AS cue_no
    FROM (
        SELECT
            g.media_id,
            g.sha256,
            g.uri,
            g.page_no,
            g.start_ms,
            g.end_ms,
            MIN(g.line_no) AS line_no,
            IF(COUNT(*) = 1, MIN(g.text), GROUP_CONCAT(g.text ORDER BY g.line_no SEPARATOR '\n')) AS text,
            SUM(g.confidence * CHAR_LENGTH(g.text)) / SUM(CHAR_LENGTH(g.text)) AS confidence
        FROM (
            SELECT
                m.id AS media_id,
                m.sha256,
                l.uri,
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
                        PARTITION BY m.id, m.sha256, l.uri, n.page_id, n.start_ms, n.end_ms ORDER BY n.line_no
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ), 0) DIV 400
                ) AS part
            FROM media AS m
            JOIN page AS p ON p.media_id = m.id
            JOIN line AS n ON n.page_id = p.id
            LEFT JOIN media_location AS l ON l.id = m.location_id
            WHERE m.kind = 'video' AND n.start_ms IS NOT NULL
        ) AS g
        GROUP BY g.media_id, g.sha256, g.uri, g.page_no, g.start_ms, g.end_ms, g.part
    ) AS k
) AS c

-- The words of the archive as which OCR may have read a word, itself first, the others from the likeliest on.
-- Words of 4 letters may have one error, of 7 two, of 12 three; letters that look alike count as the same.
-- A misreading is rarer than what was misread: words that too many pages have are words of their own.
CREATE FUNCTION textmill_variants(query VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci, most INT)
RETURNS TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
NOT DETERMINISTIC READS SQL DATA
SQL SECURITY DEFINER
COMMENT 'words as which a word may have been read, separated by spaces'
BEGIN
    DECLARE folded VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT textmill_fold(query);
    DECLARE wanted VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT textmill_shape(folded);
    DECLARE size INT DEFAULT CHAR_LENGTH(wanted);
    DECLARE errors, ended, common INT DEFAULT 0;
    DECLARE variant VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    DECLARE answer TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT query;
    DECLARE once, twice, thrice MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    DECLARE alike CURSOR FOR
        SELECT w.word FROM word AS w
        WHERE w.shape = wanted AND w.word <> folded AND (common = 0 OR w.pages <= GREATEST(1, common * 0.5))
        ORDER BY w.pages DESC, w.word LIMIT 50;
    DECLARE near CURSOR FOR
        SELECT f.word FROM (
            SELECT
                w.word, w.pages,
                CASE
                    WHEN w.shape = wanted THEN 0
                    WHEN w.shape REGEXP once THEN 1
                    WHEN errors >= 2 AND w.shape REGEXP twice THEN 2
                    WHEN errors >= 3 AND w.shape REGEXP thrice THEN 3
                END AS distance
            FROM (
                WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 40)
                SELECT STRAIGHT_JOIN g.word_id
                FROM number AS a
                JOIN number AS p ON 2 * p.n + 1 BETWEEN a.n - errors AND a.n + errors
                JOIN number AS l ON l.n BETWEEN size - errors AND size + errors
                JOIN word_gram AS g ON g.gram = SUBSTRING(wanted, a.n, 2) AND g.place = p.n AND g.length = l.n
                WHERE a.n BETWEEN 1 AND size - 1
                GROUP BY g.word_id
                HAVING COUNT(DISTINCT g.place) >= MAX(g.length) DIV 2 - errors
            ) AS c
            JOIN word AS w ON w.id = c.word_id
            WHERE w.word <> folded
        ) AS f
        WHERE f.distance IS NOT NULL
            AND (common = 0 OR f.pages <= GREATEST(1, common * ELT(f.distance + 1, 0.5, 0.1, 0.03, 0.03)))
        ORDER BY f.distance, f.pages DESC, f.word LIMIT 100;
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET ended = 1;
    IF query IS NULL OR folded NOT REGEXP '^[\\p{L}\\p{N}]+$' OR most < 1 OR size > 40 THEN
        RETURN query;
    END IF;
    SET common = COALESCE((SELECT w.pages FROM word AS w WHERE w.word = folded), 0);
    SET errors = CASE
        WHEN size < 4 OR CHAR_LENGTH(REGEXP_REPLACE(folded, '[^0-9]', '')) * 2 > size THEN 0
        WHEN size < 7 OR size > 24 THEN 1
        WHEN size < 12 OR size > 18 THEN 2
        ELSE 3
    END;
    SET once = textmill_near(wanted, 1), twice = textmill_near(wanted, LEAST(errors, 2));
    SET thrice = textmill_near(wanted, errors);
    IF errors = 0 THEN
        OPEN alike;
    ELSE
        OPEN near;
    END IF;
    taking: LOOP
        IF most <= 1 THEN
            LEAVE taking;
        END IF;
        IF errors = 0 THEN
            FETCH alike INTO variant;
        ELSE
            FETCH near INTO variant;
        END IF;
        IF ended THEN
            LEAVE taking;
        END IF;
        SET answer = CONCAT(answer, ' ', variant);
        SET most = most - 1;
    END LOOP;
    RETURN answer;
END

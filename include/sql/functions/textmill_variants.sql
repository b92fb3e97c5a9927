-- The words of the archive as which OCR may have read a word, itself first, the others from the commonest on.
-- Words of 4 letters may have one error, of 7 two, of 12 three, longer ones than 18 fewer again; letters that look alike
-- count as the same.
-- A misreading is rarer than what was misread: words that too many pages have are words of their own, and what is
-- further from the word than from one of these is a misreading of the latter.
CREATE FUNCTION textmill_variants(query VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci, most INT)
RETURNS TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
NOT DETERMINISTIC READS SQL DATA
SQL SECURITY DEFINER
COMMENT 'words as which a word may have been read, separated by spaces'
BEGIN
    DECLARE folded VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT textmill_fold(query);
    DECLARE wanted VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT textmill_shape(folded);
    DECLARE size INT DEFAULT CHAR_LENGTH(wanted);
    DECLARE errors, ended, common, known, apart, others INT DEFAULT 0;
    DECLARE variant, form VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    DECLARE answer TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT query;
    DECLARE once, twice, thrice, near, nearer, near_too MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    DECLARE alike CURSOR FOR
        SELECT w.word, w.shape, w.pages, 0 FROM word AS w
        WHERE w.shape = wanted AND w.word <> folded
        ORDER BY w.pages DESC, w.word LIMIT 1000;
    DECLARE similar CURSOR FOR
        SELECT f.word, f.shape, f.pages, f.distance FROM (
            SELECT
                w.word, w.shape, w.pages,
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
        ORDER BY f.pages DESC, f.distance, f.word LIMIT 1000;
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET ended = 1;
    IF query IS NULL OR folded NOT REGEXP '^[\\p{L}\\p{N}]+$' OR most <= 1 OR size > 40 THEN
        RETURN query;
    END IF;
    SET common = (SELECT COALESCE(MAX(w.pages), 0) FROM word AS w WHERE w.word = folded);
    SET errors = CASE
        WHEN size < 4 OR CHAR_LENGTH(REGEXP_REPLACE(folded, '[^0-9]', '')) * 2 > size THEN 0
        WHEN size < 7 OR size > 24 THEN 1
        WHEN size < 12 OR size > 18 THEN 2
        ELSE 3
    END;
    SET once = textmill_near(wanted, 1), twice = textmill_near(wanted, 2), thrice = textmill_near(wanted, errors);
    IF errors = 0 THEN
        OPEN alike;
    ELSE
        OPEN similar;
    END IF;
    taking: LOOP
        IF errors = 0 THEN
            FETCH alike INTO variant, form, known, apart;
        ELSE
            FETCH similar INTO variant, form, known, apart;
        END IF;
        IF ended OR most <= 1 THEN
            LEAVE taking;
        END IF;
        IF common > 0 AND known > 1 AND known > common * ELT(apart + 1, 0.5, 0.15, 0.05, 0.05) THEN
            SET others = others + 1;
            IF others <= 20 THEN
                SET near = textmill_near(form, 1);
                SET nearer = CONCAT_WS('|', nearer, near);
            END IF;
            IF others <= 8 AND errors >= 3 THEN
                SET near = textmill_near(form, 2);
                SET near_too = CONCAT_WS('|', near_too, near);
            END IF;
        ELSEIF apart < 2 OR others = 0 OR form NOT REGEXP IF(apart = 2, nearer, near_too) THEN
            SET answer = CONCAT(answer, ' ', variant), most = most - 1;
        END IF;
    END LOOP;
    RETURN answer;
END

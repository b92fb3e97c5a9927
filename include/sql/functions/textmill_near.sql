-- A regular expression for all that is a shape with at most so many errors: letters taken for others, added, or lost.
-- Shapes hold letters and digits alone, so nothing is escaped. Built from the end: with k errors left, the rest is
-- its first letter and the rest after it with k errors, or an error and the rest after it with k - 1.
CREATE FUNCTION textmill_near(shape TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, errors INT)
RETURNS MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
DETERMINISTIC NO SQL
COMMENT 'a regular expression for words with few errors'
BEGIN
    DECLARE none, one, two, three MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    DECLARE letter VARCHAR(2) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    DECLARE error VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    DECLARE at INT DEFAULT CHAR_LENGTH(shape);
    SET none = '', one = '.?', two = '.{0,2}', three = '.{0,3}';
    WHILE at > 0 DO
        SET letter = SUBSTRING(shape, at, 1);
        SET error = CONCAT('(?:.?|', letter, '.|.', letter, ')');
        IF errors > 2 THEN
            SET three = CONCAT('(?:', letter, three, '|', error, two, ')');
        END IF;
        IF errors > 1 THEN
            SET two = CONCAT('(?:', letter, two, '|', error, one, ')');
        END IF;
        SET one = CONCAT('(?:', letter, one, '|', error, none, ')');
        SET none = CONCAT(letter, none);
        SET at = at - 1;
    END WHILE;
    RETURN CONCAT('^', CASE WHEN errors <= 0 THEN none WHEN errors = 1 THEN one WHEN errors = 2 THEN two ELSE three END, '$');
END

-- The part of a text with the most words of a search, about so many characters wide, hits between two marks.
-- Of a text without hits, its beginning. White space becomes single spaces; nothing else is escaped.
CREATE FUNCTION textmill_marked_snippet(
    content LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci,
    query TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci,
    width INT,
    opening VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci,
    closing VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
)
RETURNS MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
DETERMINISTIC NO SQL
COMMENT 'some words around the hits of a search, with marks of your choice'
BEGIN
    DECLARE patterns, pattern, every MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
    DECLARE rest LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT content;
    DECLARE piece, hit, answer, spread MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
    DECLARE size INT DEFAULT CHAR_LENGTH(content);
    DECLARE at, place, best, start, looked, found, most, terms, term INT DEFAULT 0;
    IF content IS NULL OR width IS NULL THEN
        RETURN NULL;
    END IF;
    SET width = LEAST(GREATEST(width, 20), 10000), place = 1, best = 1;
    SET patterns = textmill_pattern(query);
    SET every = IF(patterns = '', NULL, REPLACE(patterns, '\n', '|'));
    SET terms = IF(patterns = '', 0, LEAST(1 + CHAR_LENGTH(patterns) - CHAR_LENGTH(REPLACE(patterns, '\n', '')), 20));

    -- Which of the first hits has the most different words after it?
    looking: WHILE every IS NOT NULL AND looked < 20 AND most < terms DO
        SET at = REGEXP_INSTR(rest, every);
        IF at = 0 THEN
            LEAVE looking;
        END IF;
        SET hit = REGEXP_SUBSTR(rest, every), looked = looked + 1, place = place + at - 1;
        SET piece = SUBSTRING(content, place, GREATEST(width * 3 DIV 4, CHAR_LENGTH(hit)));
        SET found = IF(terms = 1, 1, 0), term = IF(terms = 1, terms, 0);
        WHILE term < terms DO
            SET term = term + 1;
            SET pattern = SUBSTRING_INDEX(SUBSTRING_INDEX(patterns, '\n', term), '\n', -1);
            SET found = found + (piece REGEXP pattern);
        END WHILE;
        IF found > most THEN
            SET most = found, best = place;
            SET width = GREATEST(width, CHAR_LENGTH(hit) + width DIV 4);
        END IF;
        SET place = place + GREATEST(CHAR_LENGTH(hit), 1);
        SET rest = SUBSTRING(content, place);
    END WHILE;

    -- Some words before it, from the beginning of a word to the end of one.
    SET start = GREATEST(1, LEAST(best - width DIV 4, size - width + 1));
    IF start > 1 THEN
        SET at = REGEXP_INSTR(SUBSTRING(content, start - 1, best - start + 1), '[[:space:]]');
        SET start = start + IF(at = 0, 0, at - 1);
    END IF;
    SET piece = SUBSTRING(content, start, width);
    IF start + width <= size AND SUBSTRING(content, start + width, 1) NOT REGEXP '^[[:space:]]' THEN
        SET at = REGEXP_INSTR(piece, '[[:space:]][^[:space:]]*$');
        IF at > best - start + 1 THEN
            SET hit = IF(every IS NULL, '', REGEXP_SUBSTR(SUBSTRING(content, best), every));
            SET piece = LEFT(piece, GREATEST(at - 1, best - start + COALESCE(CHAR_LENGTH(hit), 0)));
        END IF;
    END IF;
    SET answer = IF(start > 1, '…', ''), size = size - start + 1 - CHAR_LENGTH(piece), rest = piece;

    marking: WHILE every IS NOT NULL DO
        SET at = REGEXP_INSTR(rest, every);
        IF at = 0 THEN
            LEAVE marking;
        END IF;
        SET hit = REGEXP_SUBSTR(rest, every);
        SET answer = CONCAT(answer, LEFT(rest, at - 1), opening, hit, closing);
        SET rest = SUBSTRING(rest, at + CHAR_LENGTH(hit));
        IF hit = '' THEN
            LEAVE marking;
        END IF;
    END WHILE;
    SET spread = CONCAT(answer, rest, IF(size > 0, '…', ''));
    RETURN TRIM(REGEXP_REPLACE(spread, '[[:space:]]+', ' '));
END

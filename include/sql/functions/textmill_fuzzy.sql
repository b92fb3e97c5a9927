-- A search in v_search.text that forgives errors of reading: each word, or one of its misreadings, must be there.
-- A word after - must not be there; "phrases" and the beginnings of words (with *) are looked for as they are.
-- All other marks are left out, so that nothing typed breaks the search. Of 40 words, the first 16 are forgiven errors.
CREATE FUNCTION textmill_fuzzy(query TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci)
RETURNS TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
NOT DETERMINISTIC READS SQL DATA
SQL SECURITY DEFINER
COMMENT 'a boolean search in v_search.text that forgives errors of reading'
BEGIN
    DECLARE answer TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT '';
    DECLARE rest TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT LEFT(query, 1000);
    DECLARE token, word TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
    DECLARE sign CHAR(1) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
    DECLARE at, tokens INT DEFAULT 0;
    DECLARE pattern VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
        DEFAULT '-?(?:"[^"]*"|[\\p{L}\\p{N}_]+[*]?)';
    IF query IS NULL THEN
        RETURN NULL;
    END IF;
    -- A hyphen within a word excludes nothing.
    SET rest = REGEXP_REPLACE(rest, '(?<=[\\p{L}\\p{N}_])-', ' ');
    taking: LOOP
        SET at = REGEXP_INSTR(rest, pattern);
        IF at = 0 OR tokens >= 40 THEN
            LEAVE taking;
        END IF;
        SET token = REGEXP_SUBSTR(rest, pattern), tokens = tokens + 1;
        SET rest = SUBSTRING(rest, at + CHAR_LENGTH(token));
        SET sign = IF(LEFT(token, 1) = '-', '-', '+');
        SET word = IF(sign = '-', SUBSTRING(token, 2), token);
        IF LEFT(word, 1) = '"' THEN
            SET word = TRIM(REGEXP_REPLACE(word, '[^\\p{L}\\p{N}_]+', ' '));
            SET word = IF(word = '', '', CONCAT('"', word, '"'));
        ELSEIF sign = '+' AND RIGHT(word, 1) <> '*' AND tokens <= 16 THEN
            SET word = textmill_variants(word, 200);
            SET word = IF(LOCATE(' ', word), CONCAT('(>', word, ')'), word);
        END IF;
        IF word <> '' THEN
            SET answer = CONCAT(answer, ' ', sign, word);
        END IF;
    END LOOP;
    RETURN TRIM(answer);
END

-- Regular expressions for what a full-text search finds in a text: one a line, for each word, phrase or (group) of the
-- search that is not excluded. Without accents and case, as full-text search compares; words are whole, but for those
-- with * and for Chinese, Japanese and Korean, which go on over the end of a line.
CREATE FUNCTION textmill_pattern(query TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci)
RETURNS MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
DETERMINISTIC NO SQL
COMMENT 'regular expressions for the hits of a search, one a line'
BEGIN
    DECLARE answer MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT '';
    DECLARE form, ahead, behind TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
    DECLARE rest TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT textmill_fold(LEFT(query, 20000));
    DECLARE token, word TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
    DECLARE pattern VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
        DEFAULT '@[0-9]+|-?(?:"[^"]*"?|[\\p{L}\\p{N}_]+[*]?|[(])|[)]';
    DECLARE gap VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT '[^\\p{L}\\p{N}_]+';
    DECLARE script VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
        DEFAULT '[\\p{Han}\\p{Hiragana}\\p{Katakana}\\p{Hangul}ー々]';
    -- depth: in a group; excluded: in a group after -, or at such a word; fresh: nothing in the group yet
    DECLARE at, tokens, depth, excluded, fresh INT DEFAULT 0;
    -- A hyphen within a word excludes nothing.
    SET rest = REGEXP_REPLACE(rest, '(?<=[\\p{L}\\p{N}_])-', ' ');
    taking: LOOP
        SET at = REGEXP_INSTR(rest, pattern);
        IF at IS NULL OR at = 0 OR tokens >= 2000 THEN
            LEAVE taking;
        END IF;
        SET token = REGEXP_SUBSTR(rest, pattern), tokens = tokens + 1;
        SET rest = SUBSTRING(rest, at + CHAR_LENGTH(token));
        SET word = IF(LEFT(token, 1) = '-', SUBSTRING(token, 2), token);
        IF word = '(' THEN
            SET depth = depth + 1, fresh = 1, excluded = IF(excluded OR LEFT(token, 1) = '-', depth, 0);
        ELSEIF word = ')' THEN
            SET depth = GREATEST(depth - 1, 0), excluded = IF(depth = 0, 0, excluded);
        ELSEIF LEFT(token, 1) NOT IN ('-', '@') AND NOT excluded THEN
            IF LEFT(word, 1) = '"' AND rest REGEXP '^[ ]*@[0-9]' THEN
                -- Words near each other: each by itself.
                SET rest = CONCAT(REPLACE(word, '"', ' '), rest), word = '';
            END IF;
            SET behind = IF(RIGHT(word, 1) = '*', '[\\p{L}\\p{N}_]*', '(?![\\p{L}\\p{N}_])');
            SET ahead = CONCAT('(?:(?<![\\p{L}\\p{N}_])|(?<=', script, '))');
            SET word = REPLACE(TRIM(REGEXP_REPLACE(word, gap, ' ')), ' ', '\t');
            IF word REGEXP script THEN
                SET ahead = '', behind = '', form = '', at = 0;
                WHILE at < LEAST(CHAR_LENGTH(word), 100) DO
                    SET at = at + 1, form = CONCAT(form, SUBSTRING(word, at, 1));
                    IF SUBSTRING(word, at, 2) REGEXP CONCAT('^', script, '{2}') THEN
                        SET form = CONCAT(form, '\n');
                    END IF;
                END WHILE;
                SET word = form;
            END IF;
            IF word <> '' THEN
                SET word = textmill_accents(word);
                SET word = REPLACE(REPLACE(word, '\t', gap), '\n', '[[:space:]]*');
                SET answer = CONCAT(
                    answer,
                    IF(answer = '', '', IF(depth = 0 OR fresh, '\n', '|')),
                    ahead, '(?:', word, ')', behind
                );
                SET fresh = 0;
            END IF;
        END IF;
    END LOOP;
    RETURN answer;
END

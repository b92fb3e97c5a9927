-- A search for Chinese, Japanese or Korean text in v_search.cjk, from words as one types them.
-- Words with spaces between them must all be there, a word after - must not; between quotation marks spaces do not
-- count. The pieces are those of include/textmill/warehouse/cjk.py.
CREATE FUNCTION textmill_cjk(query TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci)
RETURNS TEXT CHARACTER SET ascii COLLATE ascii_bin
DETERMINISTIC NO SQL
COMMENT 'a boolean search in v_search.cjk'
BEGIN
    DECLARE answer TEXT CHARACTER SET ascii COLLATE ascii_bin DEFAULT '';
    DECLARE run TEXT CHARACTER SET ascii COLLATE ascii_bin DEFAULT '';
    DECLARE former VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin DEFAULT '';
    DECLARE piece VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin;
    DECLARE letter VARCHAR(2) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
    DECLARE sign CHAR(1) CHARACTER SET ascii DEFAULT '+';
    -- 0: between words, 1: in a run of CJK letters, 2: in another word
    DECLARE inside, kind, quoted INT DEFAULT 0;
    DECLARE at, code, letters INT DEFAULT 0;
    DECLARE size INT DEFAULT LEAST(COALESCE(CHAR_LENGTH(query), 0), 1000);
    WHILE at <= size DO
        SET at = at + 1;
        SET letter = IF(at > size, '\n', SUBSTRING(query, at, 1));
        SET code = CONV(HEX(CONVERT(letter USING utf32)), 16, 10);
        IF code BETWEEN 65281 AND 65374 THEN -- full width
            SET code = code - 65248;
            SET letter = CHAR(code USING utf8mb4);
        END IF;
        SET kind = CASE
            WHEN code = 34 THEN 3
            WHEN code IN (9, 10, 13, 32, 12288) THEN 4
            WHEN code < 4352 THEN IF(letter REGEXP '^[\\p{L}\\p{N}]$', 2, 0)
            WHEN code BETWEEN 4352 AND 4607 OR code BETWEEN 12293 AND 12295 OR code BETWEEN 12353 AND 12438
                OR code BETWEEN 12445 AND 12447 OR code BETWEEN 12449 AND 12538 OR code BETWEEN 12540 AND 12543
                OR code BETWEEN 12549 AND 12591 OR code BETWEEN 12704 AND 12735 OR code BETWEEN 12784 AND 12799
                OR code BETWEEN 13312 AND 19903 OR code BETWEEN 19968 AND 40959 OR code BETWEEN 44032 AND 55203
                OR code BETWEEN 131072 AND 262143 THEN 1
            ELSE IF(letter REGEXP '^[\\p{L}\\p{N}]$', 2, 0)
        END;
        -- A space within quotation marks does not end a run, and does not begin one.
        IF NOT (kind = 4 AND quoted AND at <= size AND inside = 1) THEN
            IF inside <> kind AND inside IN (1, 2) THEN
                SET answer = CONCAT(answer, ' ', sign, CASE
                    WHEN inside = 2 THEN run
                    WHEN letters = 1 THEN CONCAT(former, '*')
                    ELSE CONCAT('"', TRIM(run), '"')
                END);
            END IF;
            IF kind IN (1, 2) THEN
                SET piece = LOWER(HEX(CONVERT(letter USING utf16)));
                IF inside <> kind THEN
                    SET run = IF(kind = 2, 't_', ''), letters = 0;
                END IF;
                SET letters = letters + 1;
                IF kind = 2 AND letters <= 40 THEN
                    SET run = CONCAT(run, IF(code < 128, LOWER(letter), piece));
                ELSEIF kind = 1 AND letters > 1 THEN
                    SET run = CONCAT(run, ' ', former, piece);
                END IF;
                SET former = piece;
            ELSEIF kind = 3 THEN
                SET quoted = NOT quoted;
                IF NOT quoted THEN
                    SET sign = '+';
                END IF;
            ELSEIF kind = 4 AND NOT quoted THEN
                SET sign = '+';
            ELSEIF letter = '-' AND inside IN (0, 4) AND (at = 1 OR inside = 4) THEN
                SET sign = '-';
            END IF;
            SET inside = kind;
        END IF;
    END WHILE;
    RETURN TRIM(answer);
END

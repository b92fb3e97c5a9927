-- A folded word with letters and digits that OCR takes for each other made the same.
-- The same as shape_of() in include/textmill/warehouse/word_forms.py.
CREATE FUNCTION textmill_shape(word TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)
RETURNS TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
DETERMINISTIC NO SQL
COMMENT 'a word with letters that look alike made the same'
RETURN
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        word, 'rn', 'm'), 'vv', 'w'), 'cl', 'd'),
        '0', 'o'), '1', 'l'), 'i', 'l'), '5', 's'), '2', 'z'), '8', 'b'), '9', 'g'), '6', 'g'), '3', 'e'), 'q', 'g')

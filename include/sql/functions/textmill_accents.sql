-- A regular expression for a folded word with whatever accents: full-text search compares without them.
CREATE FUNCTION textmill_accents(word TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci)
RETURNS TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
DETERMINISTIC NO SQL
COMMENT 'a regular expression for a word with any accents'
BEGIN
    DECLARE form TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT word;
    SET form = REPLACE(form, 'ss', '\r');
    SET form = REPLACE(REPLACE(REPLACE(form, 'a', '[aàáâãäåāăą]'), 'c', '[cçćĉċč]'), 'd', '[dď]');
    SET form = REPLACE(REPLACE(REPLACE(form, 'e', '[eèéêëēĕėęě]'), 'g', '[gĝğġģ]'), 'h', '[hĥ]');
    SET form = REPLACE(REPLACE(REPLACE(form, 'i', '[iìíîïĩīĭįı]'), 'j', '[jĵ]'), 'k', '[kķ]');
    SET form = REPLACE(REPLACE(REPLACE(form, 'l', '[lĺļľ]'), 'n', '[nñńņňŉ]'), 'o', '[oòóôõöōŏő]');
    SET form = REPLACE(REPLACE(REPLACE(form, 'r', '[rŕŗř]'), 's', '[sśŝşšș]'), 't', '[tţťț]');
    SET form = REPLACE(REPLACE(REPLACE(form, 'u', '[uùúûüũūŭůűų]'), 'w', '[wŵ]'), 'y', '[yýÿŷ]');
    SET form = REPLACE(REPLACE(REPLACE(form, 'z', '[zźżž]'), 'α', '[αά]'), 'ε', '[εέ]');
    SET form = REPLACE(REPLACE(REPLACE(form, 'η', '[ηή]'), 'ι', '[ιίϊΐ]'), 'ο', '[οό]');
    SET form = REPLACE(REPLACE(REPLACE(form, 'σ', '[σς]'), 'υ', '[υύϋΰ]'), 'ω', '[ωώ]');
    RETURN REPLACE(form, '\r', '(?:[sśŝşšș]{2}|ß)');
END

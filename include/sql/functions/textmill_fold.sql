-- A text as full-text search compares it: in lower case, Latin and Greek letters without accents.
-- The same as fold() in include/textmill/warehouse/word_forms.py.
CREATE FUNCTION textmill_fold(source TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci)
RETURNS TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
DETERMINISTIC NO SQL
COMMENT 'a text in lower case and without accents'
BEGIN
    DECLARE base VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
        DEFAULT 'a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,α,β,γ,δ,ε,ζ,η,θ,ι,κ,λ,μ,ν,ξ,ο,π,ρ,σ,τ,υ,φ,χ,ψ,ω';
    DECLARE answer TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT '';
    DECLARE letter VARCHAR(2) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
    DECLARE at, found INT DEFAULT 0;
    DECLARE size INT DEFAULT CHAR_LENGTH(source);
    IF LENGTH(source) = size OR source IS NULL THEN
        RETURN LOWER(source);
    END IF;
    SET source = REPLACE(REPLACE(source, 'ß', 'ss'), 'ẞ', 'ss');
    SET size = CHAR_LENGTH(source);
    WHILE at < size DO
        SET at = at + 1;
        SET letter = SUBSTRING(source, at, 1);
        -- The collation finds the letter whatever its case and accents.
        SET found = IF(letter REGEXP '[\\p{L}]', FIND_IN_SET(letter, base), 0);
        SET answer = CONCAT(answer, IF(found, SUBSTRING(base, 2 * found - 1, 1), LOWER(letter)));
    END WHILE;
    RETURN answer;
END

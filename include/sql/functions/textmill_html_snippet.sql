-- As textmill_snippet, for a web page: the text is escaped, hits are <mark>elements</mark>.
CREATE FUNCTION textmill_html_snippet(
    content LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci,
    query TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci,
    width INT
)
RETURNS MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
DETERMINISTIC NO SQL
COMMENT 'some words around the hits of a search, as HTML'
BEGIN
    -- Backspace and substitute: if a text has them, they become marks, too, and nothing worse.
    DECLARE answer MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
        DEFAULT textmill_marked_snippet(content, query, width, '\b', '\Z');
    SET answer = REPLACE(REPLACE(REPLACE(REPLACE(answer, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;');
    RETURN REPLACE(REPLACE(answer, '\b', '<mark>'), '\Z', '</mark>');
END

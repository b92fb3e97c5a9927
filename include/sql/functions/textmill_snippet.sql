-- The part of a text with the most words of a search, about so many characters wide, hits **between stars**.
CREATE FUNCTION textmill_snippet(
    content LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci,
    query TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci,
    width INT
)
RETURNS MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
DETERMINISTIC NO SQL
COMMENT 'some words around the hits of a search, hits between **'
RETURN textmill_marked_snippet(content, query, width, '**', '**')

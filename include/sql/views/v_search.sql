-- One row per page, to search in: MATCH(text) for words, MATCH(cjk) for Chinese, Japanese and Korean.
CREATE OR REPLACE VIEW v_search AS
SELECT
    p.id             AS page_id, -- number of the page in the warehouse; changes when a page is loaded anew
    p.media_id       AS media_id, -- medium that the page belongs to, as in v_document
    m.sha256         AS sha256, -- SHA-256 of the medium
    l.uri            AS uri, -- address of the medium
    l.source         AS source, -- source that has the address
    m.kind           AS kind, -- image, pdf, video or text
    p.page_no        AS page_no, -- number of the page in its medium, from 1
    p.text           AS text, -- text of the page; has a full-text index
    p.cjk            AS cjk, -- pieces of CJK text, for MATCH(cjk) AGAINST(textmill_cjk(…) IN BOOLEAN MODE); not for reading
    p.confidence     AS confidence, -- mean confidence of the lines, weighted by length
    p.confidence_low AS confidence_low, -- confidence that a tenth of the lines do not exceed
    p.quality        AS quality, -- accepted or warning
    p.warnings       AS warnings, -- checks that gave a warning, with commas
    p.start_ms       AS start_ms, -- in a video, when the page is seen first
    p.loaded_at      AS loaded_at -- when this text was loaded
/* Outer joins, although no page lacks a medium: the server then starts at the pages and their indexes. */
FROM page AS p
LEFT JOIN media AS m ON m.id = p.media_id
LEFT JOIN media_location AS l ON l.id = m.location_id

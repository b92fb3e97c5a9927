-- One row per medium that was read or refused: its whole text, how far to trust it, and where it lies.
CREATE OR REPLACE VIEW v_document AS
SELECT
    m.id AS media_id,  -- number of the medium, the same in all views
    m.sha256 AS sha256,  -- SHA-256 of its bytes, in hexadecimal digits: its identity
    l.uri AS uri,  -- where it lies, percent-encoded: of several addresses that which was known first and is not
    -- deleted, else the one that was deleted last; null when other content lies at its only address now
    l.source AS source,  -- name of the source in the catalogue, or else the address that was typed
    m.kind AS kind,  -- image, pdf, video, text, archive or other
    m.mime AS mime,  -- type by its content, for example image/png
    m.bytes AS bytes,  -- its size
    m.page_count AS page_count,  -- pages that it has, accepted or not; null when it could not be opened
    d.text AS text,  -- all accepted pages in order, separated by form feeds (CHAR(12)); null when there are none
    d.confidence AS confidence,  -- mean of its pages with text, 0 to 1; null without text
    m.status AS status,  -- loaded, partial (some pages are in quarantine) or quarantined
    m.first_seen AS first_seen,  -- when it was fetched for the first time
    m.loaded_at AS loaded_at,  -- when a page of it was last loaded or changed
    m.duration_ms AS duration_ms,  -- length of a video in milliseconds
    d.confidence_low AS confidence_low,  -- what a tenth of its lines do not exceed
    d.low_line_share AS low_line_share,  -- share of its lines with a confidence below 0.8
    l.deleted_at AS deleted_at  -- since when it lies nowhere any more; null while it lies anywhere
FROM media AS m
LEFT JOIN document AS d ON d.media_id = m.id
LEFT JOIN media_location AS l ON l.id = m.location_id
WHERE m.status <> 'claimed'

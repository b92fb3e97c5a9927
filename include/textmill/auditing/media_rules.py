"""Rules on media: their state agrees with their pages, their entries in quarantine, and their addresses."""

from __future__ import annotations

from textmill.auditing.rule import SqlRule

_READ_AGAIN = (
    "Find the file in v_location and read it again: its folder as source and reread = everything in the form "
    "of media_ingest."
)
_CLEAR = "Clear the load task of the batch in Airflow while its staging files are there; else: " + _READ_AGAIN

RULES = (
    SqlRule(
        "loaded_without_pages",
        _CLEAR,
        """
        SELECT m.sha256 AS subject, m.status AS status, m.page_count AS page_count FROM media AS m
        WHERE m.status IN ('loaded', 'partial') AND m.kind <> 'archive' AND COALESCE(m.page_count, 1) > 0
            AND NOT EXISTS (SELECT 1 FROM page AS p WHERE p.media_id = m.id)
        """,
        "Medium {subject} is {status} and has {page_count} pages, but none of them is in the warehouse.",
    ),
    SqlRule(
        "page_numbers",
        _READ_AGAIN,
        """
        SELECT m.sha256 AS subject, m.status AS status, m.page_count AS page_count,
            c.pages AS pages, c.lowest AS lowest, c.highest AS highest
        FROM media AS m
        JOIN (
            SELECT media_id, COUNT(*) AS pages, MIN(page_no) AS lowest, MAX(page_no) AS highest
            FROM page GROUP BY media_id
        ) AS c ON c.media_id = m.id
        WHERE m.kind <> 'archive' AND m.page_count IS NOT NULL AND (
            c.lowest < 1 OR c.highest > m.page_count
            OR (m.status = 'loaded' AND c.pages <> m.page_count)
            OR (
                m.status = 'partial' AND m.needs_retry = 0 AND c.pages < m.page_count
                AND NOT EXISTS (
                    SELECT 1 FROM quarantine AS w WHERE w.sha256 = m.sha256 AND w.page_no IS NULL
                )
                AND c.pages + (
                    SELECT COUNT(DISTINCT q.page_no) FROM quarantine AS q
                    WHERE q.sha256 = m.sha256 AND q.page_no BETWEEN 1 AND m.page_count
                        AND NOT EXISTS (
                            SELECT 1 FROM page AS p WHERE p.media_id = m.id AND p.page_no = q.page_no
                        )
                ) <> m.page_count
            )
        )
        """,
        "Medium {subject} is {status} and has {page_count} pages, but in the warehouse are {pages} of them, "
        "numbered from {lowest} to {highest}, and quarantine does not have the others.",
    ),
    SqlRule(
        "quarantined_with_pages",
        _READ_AGAIN,
        """
        SELECT m.sha256 AS subject, m.status AS status FROM media AS m
        WHERE m.status IN ('quarantined', 'claimed')
            AND EXISTS (SELECT 1 FROM page AS p WHERE p.media_id = m.id)
        """,
        "Medium {subject} is {status}, but pages of it are in the warehouse.",
    ),
    SqlRule(
        "archive_with_pages",
        "Delete the pages: an archive has none, what lies in it are media of their own.",
        """
        SELECT m.sha256 AS subject FROM media AS m
        WHERE m.kind = 'archive' AND EXISTS (SELECT 1 FROM page AS p WHERE p.media_id = m.id)
        """,
        "Medium {subject} is an archive, but has pages.",
    ),
    SqlRule(
        "refused_without_entry",
        _READ_AGAIN,
        """
        SELECT m.sha256 AS subject, m.status AS status FROM media AS m
        WHERE m.status IN ('partial', 'quarantined') AND m.needs_retry = 0
            AND NOT EXISTS (SELECT 1 FROM quarantine AS q WHERE q.sha256 = m.sha256)
        """,
        "Medium {subject} is {status}, but quarantine has no entry that says why.",
    ),
    SqlRule(
        "loaded_with_entry",
        "Look at the entry in v_quarantine; resolve it if the text is good, else try it again.",
        """
        SELECT q.id AS subject, m.sha256 AS sha256, q.reason AS reason
        FROM quarantine AS q JOIN media AS m ON m.sha256 = q.sha256
        WHERE q.status = 'open' AND q.stage <> 'fetch' AND m.status = 'loaded'
        """,
        "Entry {subject} of the quarantine ({reason}) is open, but its medium {sha256} is loaded whole.",
    ),
    SqlRule(
        "claim_of_ended_run",
        _READ_AGAIN,
        """
        SELECT m.sha256 AS subject, m.claimed_run AS claimed_run,
            COALESCE(r.state, 'not in the books') AS state
        FROM media AS m LEFT JOIN ingest_run AS r ON r.run_id = m.claimed_run
        WHERE m.status = 'claimed' AND m.claimed_run IS NOT NULL AND (r.id IS NULL OR r.state = 'success')
            AND EXISTS (
                SELECT 1 FROM media_location AS l
                WHERE l.media_id = m.id AND l.failures = 0 AND l.deleted_at IS NULL
            )
        """,
        "Medium {subject} waits for the run {claimed_run}, which is over ({state}) and did not load it.",
    ),
    SqlRule(
        "main_location",
        "Set media.location_id to a row of media_location that has this media_id, or to NULL.",
        """
        SELECT m.sha256 AS subject, m.location_id AS location_id
        FROM media AS m LEFT JOIN media_location AS l ON l.id = m.location_id
        WHERE m.location_id IS NOT NULL AND (l.id IS NULL OR l.media_id IS NULL OR l.media_id <> m.id)
        """,
        "Medium {subject} is called by location {location_id}, which is not there or has other content.",
    ),
)

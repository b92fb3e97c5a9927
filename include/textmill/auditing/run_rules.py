"""Rules on the books of runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from sqlalchemy import text

from textmill.auditing.rule import Audited, Finding, SqlRule
from textmill.staging import last_touched
from textmill.warehouse.connection import utc_moment

_COUNTED = ("media_loaded", "media_quarantined", "pages_loaded", "pages_warned", "pages_quarantined")
_CLOSE_AGAIN = "Clear the task report of the run in Airflow: it sums the batches up again."


def _sums() -> str:
    batch = ", ".join(f"SUM({name}) AS {name}" for name in _COUNTED)
    parts = ", ".join(
        f"SUM(outcome = '{name.removeprefix('media_')}') AS {name}"
        if name.startswith("media_")
        else f"SUM({name}) AS {name}"
        for name in _COUNTED
    )
    refused = {"media_quarantined": " + r.media_refused"}
    differ = " OR ".join(
        f"r.{name} <> COALESCE(b.{name}, 0) + COALESCE(p.{name}, 0){refused.get(name, '')}"
        for name in _COUNTED
    )
    return f"""
        SELECT r.run_id AS subject, r.pages_loaded AS pages_loaded, r.media_loaded AS media_loaded,
            COALESCE(b.pages_loaded, 0) + COALESCE(p.pages_loaded, 0) AS batch_pages,
            COALESCE(b.media_loaded, 0) + COALESCE(p.media_loaded, 0) AS batch_media
        FROM ingest_run AS r
        LEFT JOIN (
            SELECT ingest_run_id, MAX(loaded_at) AS loaded_at, {batch} FROM ingest_batch
            GROUP BY ingest_run_id
        ) AS b ON b.ingest_run_id = r.id
        LEFT JOIN (SELECT ingest_run_id, {parts} FROM reading GROUP BY ingest_run_id) AS p
            ON p.ingest_run_id = r.id
        WHERE r.state IN ('success', 'failed') AND r.finished_at IS NOT NULL
            AND COALESCE(JSON_UNQUOTE(JSON_EXTRACT(r.params, '$.dry_run')), 'false') <> 'true'
            AND (b.loaded_at IS NULL OR b.loaded_at <= r.finished_at) AND ({differ})
    """  # noqa: S608  # nothing in it comes from outside


RULES = (
    SqlRule(
        "run_totals",
        _CLOSE_AGAIN,
        _sums(),
        "Run {subject} says that it loaded {media_loaded} media and {pages_loaded} pages; its batches say "
        "{batch_media} and {batch_pages}, or other numbers in quarantine or with warnings.",
    ),
    SqlRule(
        "run_media",
        _CLOSE_AGAIN,
        """
        SELECT r.run_id AS subject, r.media_found AS found, r.media_loaded AS loaded,
            r.media_unchanged AS unchanged, r.media_quarantined AS quarantined
        FROM ingest_run AS r
        WHERE r.state = 'success'
            AND r.media_found <> r.media_loaded + r.media_unchanged + r.media_quarantined
        """,
        "Run {subject} found {found} media, but {loaded} loaded, {unchanged} unchanged and {quarantined} "
        "quarantined ones are another number: not each is in exactly one state.",
    ),
    SqlRule(
        "success_without_batches",
        "Clear the batch in Airflow, from its first task on.",
        """
        SELECT r.run_id AS subject, r.batches AS batches, COUNT(b.id) AS known,
            COALESCE(SUM(b.state = 'loaded' OR b.ocr_started_at > r.finished_at), 0) AS loaded
        FROM ingest_run AS r LEFT JOIN ingest_batch AS b ON b.ingest_run_id = r.id
        WHERE r.state = 'success'
        GROUP BY r.id, r.run_id, r.batches
        HAVING batches IS NULL OR batches <> known OR loaded <> known
        """,
        "Run {subject} says that it succeeded, but of {batches} batches {known} are known, {loaded} loaded.",
    ),
)


class StuckRuns:
    """A run that says that it goes on has moved lately."""

    remedies: Mapping[str, str] = {
        "stuck_run": "See in Airflow whether the run goes on. If so, look at the log of the task that hangs; "
        "if not, mark it: UPDATE ingest_run SET state = 'failed', finished_at = UTC_TIMESTAMP() "
        "WHERE run_id = '…'. Its media are read by the next run."
    }

    def look(self, audited: Audited) -> Iterator[Finding]:
        """Yield runs of which neither the books nor the files changed for long."""
        before = audited.now - timedelta(hours=audited.stuck_hours)
        query = text(
            """
            SELECT r.run_id AS run_id, r.started_at AS started_at FROM ingest_run AS r
            WHERE r.finished_at IS NULL AND r.started_at < :before AND NOT EXISTS (
                SELECT 1 FROM ingest_batch AS b WHERE b.ingest_run_id = r.id AND (
                    b.ocr_started_at >= :before OR b.ocr_finished_at >= :before OR b.loaded_at >= :before
                )
            )
            """
        )
        with audited.warehouse.connect() as connection:
            runs = connection.execute(query, {"before": before}).all()
        for run in runs:
            folder = audited.staging.run(run.run_id).folder
            if folder.exists() and utc_moment(last_touched(folder)) >= before:
                continue
            yield Finding(
                "stuck_run",
                run.run_id,
                f"Run {run.run_id} began at {run.started_at:%Y-%m-%d %H:%M} UTC and says that it goes on, "
                f"but nothing of it changed for {audited.stuck_hours:g} hours.",
            )

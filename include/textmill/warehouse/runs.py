"""The books of a run: what it found, how far each batch is, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.mysql import insert

from textmill.records import ExpectationResult
from textmill.warehouse.readings import totals_of_readings
from textmill.warehouse.tables import ingest_batch, ingest_run, quality_result


def start_run(
    connection: Connection, run_id: str, source: str, params: Mapping[str, Any], now: datetime
) -> None:
    """Open the books, or reopen those of a run that is being cleared and run again."""
    entry = insert(ingest_run).values(
        run_id=run_id,
        source=source,
        params=dict(params),
        state="running",
        started_at=now,
        media_discovered=0,
        media_found=0,
        media_unchanged=0,
        media_loaded=0,
        media_quarantined=0,
        pages_loaded=0,
        pages_quarantined=0,
        batches=None,
    )
    connection.execute(
        entry.on_duplicate_key_update(
            source=entry.inserted.source,
            params=entry.inserted.params,
            state=entry.inserted.state,
            started_at=entry.inserted.started_at,
            finished_at=None,
            batches=None,
        )
    )


def reopen_run(connection: Connection, run_id: str) -> None:
    """Take a run for going on again: one of its batches is being redone, so its claims count."""
    connection.execute(
        update(ingest_run).where(ingest_run.c.run_id == run_id).values(state="running", finished_at=None)
    )


def run_key(connection: Connection, run_id: str) -> int:
    """Return the primary key of a run."""
    key: int = connection.execute(select(ingest_run.c.id).where(ingest_run.c.run_id == run_id)).scalar_one()
    return key


def note_discovery(connection: Connection, run_id: str, *, found: int, unchanged: int) -> None:
    """Record how many media the source holds, unopened archives being one, and how many need no look."""
    connection.execute(
        update(ingest_run)
        .where(ingest_run.c.run_id == run_id)
        .values(media_discovered=found, media_found=found, media_unchanged=unchanged)
    )


def plan_run(connection: Connection, run_id: str, batches: Sequence[tuple[int, float]]) -> None:
    """Record the batches of a run, each as (media, estimated seconds); replaces an earlier plan."""
    key = run_key(connection, run_id)
    connection.execute(delete(ingest_batch).where(ingest_batch.c.ingest_run_id == key))
    if batches:
        connection.execute(
            insert(ingest_batch),
            [
                {
                    "ingest_run_id": key,
                    "batch_no": batch_no,
                    "state": "planned",
                    "media_total": count,
                    "estimated_seconds": seconds,
                }
                for batch_no, (count, seconds) in enumerate(batches)
            ],
        )
    connection.execute(update(ingest_run).where(ingest_run.c.id == key).values(batches=len(batches)))


def note_batch(connection: Connection, run_id: str, batch_no: int, **values: Any) -> None:
    """Set columns of a batch's row."""
    key = run_key(connection, run_id)
    connection.execute(
        update(ingest_batch)
        .where(ingest_batch.c.ingest_run_id == key, ingest_batch.c.batch_no == batch_no)
        .values(**values)
    )


def store_quality_results(
    connection: Connection, run_id: str, batch_no: int, results: Sequence[ExpectationResult], now: datetime
) -> None:
    """Record how each expectation fared over a batch; replaces what an earlier attempt recorded."""
    key = run_key(connection, run_id)
    connection.execute(
        delete(quality_result).where(
            quality_result.c.ingest_run_id == key, quality_result.c.batch_no == batch_no
        )
    )
    if results:
        connection.execute(
            insert(quality_result),
            [
                {
                    "ingest_run_id": key,
                    "batch_no": batch_no,
                    "expectation": result.expectation,
                    "column_name": result.column,
                    "observed": result.observed,
                    "unexpected_count": result.unexpected_count,
                    "success": result.success,
                    "measured_at": now,
                }
                for result in results
            ],
        )


def finish_run(connection: Connection, run_id: str, now: datetime) -> tuple[str, ...]:
    """Sum the batches up, close the books, and return what did not get through, in words; empty is good."""
    key = run_key(connection, run_id)
    planned = connection.execute(select(ingest_run.c.batches).where(ingest_run.c.id == key)).scalar_one()
    rows = connection.execute(
        select(ingest_batch.c.batch_no, ingest_batch.c.state).where(ingest_batch.c.ingest_run_id == key)
    )
    unfinished = tuple(f"batch {row.batch_no} ({row.state})" for row in rows if row.state != "loaded")
    if planned is None:
        unfinished = ("the source was never planned",)
    total = connection.execute(
        select(
            *(
                func.coalesce(func.sum(ingest_batch.c[name]), 0).label(name)
                for name in (
                    "media_total",
                    "media_members",
                    "media_unchanged",
                    "media_loaded",
                    "media_quarantined",
                    "pages_loaded",
                    "pages_quarantined",
                    "confidence_sum",
                    "pages_with_text",
                )
            )
        ).where(ingest_batch.c.ingest_run_id == key)
    ).one()
    in_parts = totals_of_readings(connection, key)
    if not unfinished and in_parts.unfinished:
        unfinished = (f"{in_parts.unfinished} media read in parts, of which not every part is there",)
    connection.execute(
        update(ingest_run)
        .where(ingest_run.c.id == key)
        .values(
            state="failed" if unfinished else "success",
            finished_at=now,
            # From facts that closing the books does not change, so that closing them again counts the same.
            # What discovery called unchanged is what it found and did not hand on to the batches.
            media_unchanged=ingest_run.c.media_discovered
            - int(total.media_total - total.media_members)
            + int(total.media_unchanged + in_parts.media_unchanged),
            media_found=ingest_run.c.media_discovered + int(total.media_members),
            media_loaded=total.media_loaded + in_parts.media_loaded,
            media_quarantined=total.media_quarantined + in_parts.media_quarantined,
            pages_loaded=total.pages_loaded + in_parts.pages_loaded,
            pages_quarantined=total.pages_quarantined + in_parts.pages_quarantined,
            confidence=_ratio(
                total.confidence_sum + in_parts.confidence_sum,
                total.pages_with_text + in_parts.pages_with_text,
            ),
        )
    )
    return unfinished


def _ratio(total: Any, count: Any) -> float | None:
    # The server sums whole numbers to decimals, which Python does not divide floats by.
    return float(total) / float(count) if count else None

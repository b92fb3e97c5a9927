"""The books of a run: what it found, how far each batch is, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.mysql import insert

from textmill.records import ExpectationResult
from textmill.run_wishes import Interval
from textmill.warehouse.readings import totals_of_readings
from textmill.warehouse.tables import ingest_batch, ingest_run, quality_result

DRY_RUN = "dry_run"

_MOST_PROBLEM = 8000


def start_run(
    connection: Connection,
    run_id: str,
    source: str,
    params: Mapping[str, Any],
    now: datetime,
    *,
    interval: Interval | None = None,
    dry_run: bool = False,
) -> datetime:
    """Open the books, or reopen those of a run that is being cleared and run again; returns when it began.

    A run that did not end yet goes on: what its first attempt marked with this time is its own.
    """
    values: dict[str, Any] = {
        "source": source,
        "params": dict(params),
        "state": DRY_RUN if dry_run else "running",
        "interval_start": interval and _in_utc(interval.start),
        "interval_end": interval and _in_utc(interval.end),
        "finished_at": None,
        "problem": None,
        "batches": None,
        "estimated_seconds": None,
    }
    entry = insert(ingest_run).values(run_id=run_id, started_at=now, **dict.fromkeys(_COUNTS, 0), **values)
    started_at = func.if_(ingest_run.c.finished_at.is_(None), ingest_run.c.started_at, now)
    # The order matters: the server assigns from left to right.
    connection.execute(entry.on_duplicate_key_update([("started_at", started_at), *values.items()]))
    began: datetime = connection.execute(
        select(ingest_run.c.started_at).where(ingest_run.c.run_id == run_id)
    ).scalar_one()
    return began


_COUNTS = (
    "media_discovered",
    "media_found",
    "media_unchanged",
    "media_loaded",
    "media_quarantined",
    "pages_loaded",
    "pages_warned",
    "pages_quarantined",
)


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def reopen_run(connection: Connection, run_id: str) -> None:
    """Take a run for going on again: one of its batches is being redone, so its claims count."""
    connection.execute(
        update(ingest_run).where(ingest_run.c.run_id == run_id).values(state="running", finished_at=None)
    )


def run_key(connection: Connection, run_id: str) -> int:
    """Return the primary key of a run."""
    key: int = connection.execute(select(ingest_run.c.id).where(ingest_run.c.run_id == run_id)).scalar_one()
    return key


def note_discovery(
    connection: Connection,
    run_id: str,
    *,
    found: int,
    unchanged: int,
    waiting: int = 0,
    reappeared: int = 0,
    deleted: int = 0,
    refused: int = 0,
) -> None:
    """Record what discovery found.

    Args:
        found: media, unopened archives being one, and what was refused at once.
        unchanged: of these, what needs no look.
        waiting: of the unchanged, what failed lately.
        reappeared: of the unchanged, what was deleted before.
        deleted: locations that are gone.
        refused: of those found, what is no reference.
    """
    connection.execute(
        update(ingest_run)
        .where(ingest_run.c.run_id == run_id)
        .values(
            media_discovered=found,
            media_found=found,
            media_unchanged=unchanged,
            media_waiting=waiting,
            media_reappeared=reappeared,
            media_deleted=deleted,
            media_refused=refused,
        )
    )


def plan_run(connection: Connection, run_id: str, batches: Sequence[tuple[int, float]]) -> None:
    """Record the batches of a run, each as (media, estimated seconds); replaces an earlier plan.

    A medium that is read in parts counts where its first part is.
    """
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
    note_estimate(connection, run_id, sum(seconds for _, seconds in batches))


def note_estimate(connection: Connection, run_id: str, seconds: float) -> None:
    """Record what a run is expected to take one slot; of a dry run, what it would."""
    connection.execute(
        update(ingest_run).where(ingest_run.c.run_id == run_id).values(estimated_seconds=seconds)
    )


def note_batch(connection: Connection, run_id: str, batch_no: int, **values: Any) -> None:
    """Set columns of a batch's row."""
    key = run_key(connection, run_id)
    connection.execute(
        update(ingest_batch)
        .where(ingest_batch.c.ingest_run_id == key, ingest_batch.c.batch_no == batch_no)
        .values(**values)
    )


def batch_problem(connection: Connection, run_id: str, batch_no: int) -> str | None:
    """Return why a batch as a whole is unfit, as the quality gate noted it; None if it is not."""
    problem: str | None = connection.execute(
        select(ingest_batch.c.problem)
        .join(ingest_run, ingest_run.c.id == ingest_batch.c.ingest_run_id)
        .where(ingest_run.c.run_id == run_id, ingest_batch.c.batch_no == batch_no)
    ).scalar_one_or_none()
    return problem


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
                    "check_name": result.check,
                    "severity": result.severity,
                    "expectation": result.expectation,
                    "column_name": result.column,
                    "observed": result.observed,
                    "element_count": result.element_count,
                    "unexpected_count": result.unexpected_count,
                    "success": result.success,
                    "measured_at": now,
                }
                for result in results
            ],
        )


def finish_run(
    connection: Connection, run_id: str, now: datetime, *, problems: Sequence[str] = ()
) -> tuple[str, ...]:
    """Sum the batches up, close the books, and return what did not get through, in words; empty is good.

    Media that are read in parts count once: `media_total` of a batch leaves out all parts but the first.

    Args:
        problems: sources that could not be opened, in words.
    """
    run = connection.execute(
        select(ingest_run.c.id, ingest_run.c.batches, ingest_run.c.state).where(ingest_run.c.run_id == run_id)
    ).one()
    rows = connection.execute(
        select(ingest_batch.c.batch_no, ingest_batch.c.state, ingest_batch.c.problem).where(
            ingest_batch.c.ingest_run_id == run.id
        )
    )
    unfinished = (
        *problems,
        *(
            f"batch {row.batch_no} ({row.state}){f': {row.problem}' if row.problem else ''}"
            for row in rows
            if row.state != "loaded" or row.problem
        ),
    )
    if run.batches is None:
        unfinished = (*problems, "the source was never planned")
    in_parts = totals_of_readings(connection, run.id)
    if not unfinished and in_parts.unfinished:
        unfinished = (f"{in_parts.unfinished} media read in parts, of which not every part is there",)
    values: dict[str, Any] = {"finished_at": now, "problem": "; ".join(unfinished)[:_MOST_PROBLEM] or None}
    if run.state != DRY_RUN:
        # A dry run hands nothing on: what it found and called unchanged stands as it was counted.
        values |= _totals(connection, run.id) | {"state": "success"}
    if unfinished:
        values["state"] = "failed"
    connection.execute(update(ingest_run).where(ingest_run.c.id == run.id).values(**values))
    return unfinished


def _totals(connection: Connection, key: int) -> dict[str, Any]:
    """Return a run's figures.

    From facts that closing the books does not change, so that closing them again counts the same.
    """
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
                    "pages_warned",
                    "pages_quarantined",
                    "confidence_sum",
                    "pages_with_text",
                )
            )
        ).where(ingest_batch.c.ingest_run_id == key)
    ).one()
    in_parts = totals_of_readings(connection, key)
    return {
        # What discovery called unchanged is what it found and neither refused nor handed on to the batches.
        "media_unchanged": ingest_run.c.media_discovered
        - ingest_run.c.media_refused
        - int(total.media_total - total.media_members)
        + int(total.media_unchanged + in_parts.media_unchanged),
        "media_found": ingest_run.c.media_discovered + int(total.media_members),
        "media_loaded": total.media_loaded + in_parts.media_loaded,
        "media_quarantined": ingest_run.c.media_refused
        + int(total.media_quarantined + in_parts.media_quarantined),
        "pages_loaded": total.pages_loaded + in_parts.pages_loaded,
        "pages_warned": total.pages_warned + in_parts.pages_warned,
        "pages_quarantined": total.pages_quarantined + in_parts.pages_quarantined,
        "confidence": _ratio(
            total.confidence_sum + in_parts.confidence_sum,
            total.pages_with_text + in_parts.pages_with_text,
        ),
    }


def _ratio(total: Any, count: Any) -> float | None:
    # The server sums whole numbers to decimals, which Python does not divide floats by.
    return float(total) / float(count) if count else None

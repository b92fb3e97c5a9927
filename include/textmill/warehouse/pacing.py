"""The measured pace of engines on devices, out of which the next plan is made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.mysql import insert

from textmill.pace import MEMORY_PAGES, MEMORY_STARTS, MOST_START_SECONDS, Pace, Work, fading
from textmill.records import Kind
from textmill.warehouse.connection import utc_now
from textmill.warehouse.runs import run_key
from textmill.warehouse.tables import ingest_batch, ingest_run, pace

_STARTS = "start"
"""Stands in the place of a kind for what batches take besides their pages; one page is one batch."""


def note_pace(
    connection: Connection,
    device: str,
    engine: str,
    works: Mapping[Kind, Work],
    now: datetime,
    *,
    start_seconds: float | None = None,
) -> None:
    """Add what one batch measured; the older a measurement, the less it counts.

    Args:
        works: what was read, by kind of medium; what cannot be true is left out.
        start_seconds: what the batch took besides its pages, where that is known.
    """
    for kind, work in sorted(works.items()):
        if work.is_plausible() and (work.pages or work.seconds):
            _add(connection, device, engine, kind, work, MEMORY_PAGES, now)
    if start_seconds is not None and 0 <= start_seconds <= MOST_START_SECONDS:
        _add(connection, device, engine, _STARTS, Work(1.0, start_seconds), MEMORY_STARTS, now)


def note_batch_pace(connection: Connection, run_id: str, batch_no: int, works: Mapping[Kind, Work]) -> None:
    """Add what a batch measured when it is loaded for the first time.

    Call it before, and in the same transaction as, the batch is noted as loaded: however often loading is
    tried, and whoever tries it at the same time, a batch counts once. A batch of which nothing had to be read
    measured nothing.
    """
    batch = connection.execute(
        select(
            ingest_batch.c.engine,
            ingest_batch.c.device,
            ingest_batch.c.loaded_at,
            ingest_batch.c.ocr_started_at,
            ingest_batch.c.ocr_finished_at,
        )
        .where(
            ingest_batch.c.ingest_run_id == run_key(connection, run_id), ingest_batch.c.batch_no == batch_no
        )
        .with_for_update()
    ).one_or_none()
    if batch is None or batch.loaded_at is not None or batch.engine is None or batch.device is None:
        return
    known = known_pace(connection, batch.engine)
    works, start_seconds = _attributed(works, _span(batch), known)
    note_pace(connection, batch.device, batch.engine, works, utc_now(), start_seconds=start_seconds)


def known_pace(connection: Connection, engine: str) -> Pace | None:
    """Return the pace of an engine on the device on which it was measured last, or None if it never was."""
    rows = connection.execute(
        select(pace).where(pace.c.engine == engine).order_by(pace.c.measured_at.desc(), pace.c.device)
    ).all()
    if not rows:
        return None
    of_device = {row.kind: row for row in rows if row.device == rows[0].device}
    starts = of_device.pop(_STARTS, None)
    return Pace(
        device=rows[0].device,
        work={Kind(kind): _work(row) for kind, row in of_device.items()},
        starts=_work(starts) if starts else Work(),
    )


def engine_of_run(connection: Connection, run_id: str) -> str | None:
    """Return the engine that the run was started with, by the name that was asked for."""
    params = connection.execute(
        select(ingest_run.c.params).where(ingest_run.c.run_id == run_id)
    ).scalar_one_or_none()
    engine = (params or {}).get("engine")
    return engine if isinstance(engine, str) else None


def _add(
    connection: Connection, device: str, engine: str, kind: str, work: Work, memory: float, now: datetime
) -> None:
    entry = insert(pace).values(
        device=device,
        engine=engine,
        kind=kind,
        pages=work.pages,
        seconds=work.seconds,
        bytes=work.bytes,
        measured_at=now,
    )
    left = fading(work.pages, memory)
    connection.execute(
        entry.on_duplicate_key_update(
            pages=pace.c.pages * left + entry.inserted.pages,
            seconds=pace.c.seconds * left + entry.inserted.seconds,
            bytes=pace.c.bytes * left + entry.inserted.bytes,
            measured_at=entry.inserted.measured_at,
        )
    )


def _attributed(
    works: Mapping[Kind, Work], span: float | None, known: Pace | None
) -> tuple[dict[Kind, Work], float | None]:
    """Say what the time between the pages went into: the start of the process, or the watching of videos.

    Pages of a video carry the time in which their frames were read. Decoding the video and looking for text
    in it take longer than that, and no page shows them.
    """
    attributed = dict(works)
    if span is None:
        return attributed, None
    rest = span - sum(work.seconds for work in works.values())
    if Kind.VIDEO not in works:
        # Continued behind a checkpoint, a batch has pages that were not read in this time.
        return attributed, rest if rest >= 0 else None
    start = known.starts.seconds / known.starts.pages if known and known.starts.pages else 0.0
    attributed[Kind.VIDEO] += Work(seconds=max(0.0, rest - start))
    return attributed, None


def _span(batch: Row[*tuple[Any, ...]]) -> float | None:
    if batch.ocr_started_at is None or batch.ocr_finished_at is None:
        return None
    seconds: float = (batch.ocr_finished_at - batch.ocr_started_at).total_seconds()
    return seconds if seconds >= 0 else None


def _work(row: Row[*tuple[Any, ...]]) -> Work:
    return Work(row.pages, row.seconds, row.bytes)

"""Runs that ended: whether anything may still come of one, and whether anything refers to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from textmill.staging import hash_of_run_in, run_id_of
from textmill.warehouse.closed_entries import Closed
from textmill.warehouse.tables import (
    SETTLED,
    ingest_batch,
    ingest_run,
    media,
    page,
    quarantine,
    quarantine_event,
    source,
)


def is_over(connection: Connection, folder_name: str, before: datetime, *, lock: bool = False) -> bool:
    """Whether the run whose area has this name ended before a moment, and no task of it began since.

    A run that has no books, or no longer, is over.

    Args:
        lock: keep the run as it is until the transaction ends.
    """
    run = run_in(connection, folder_name, lock=lock)
    if run is None:
        return True
    if run.state == "running" or run.finished_at is None or run.finished_at >= before:
        return False
    # A single task that is cleared does not always reopen its run, but notes when it begins or ends.
    moments = (ingest_batch.c.ocr_started_at, ingest_batch.c.ocr_finished_at, ingest_batch.c.loaded_at)
    active = select(ingest_batch.c.id).where(
        ingest_batch.c.ingest_run_id == run.id, or_(*(one >= before for one in moments))
    )
    return connection.execute(active.limit(1)).first() is None


def run_in(connection: Connection, folder_name: str, *, lock: bool = False) -> Row[*tuple[Any, ...]] | None:
    """Return the row of the run whose area has this name; None when there is none."""
    run_id = run_id_of(folder_name)
    named = (
        ingest_run.c.run_id == run_id
        if run_id is not None
        else func.sha2(ingest_run.c.run_id, 256) == hash_of_run_in(folder_name)
    )
    query = select(ingest_run).where(named)
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def unloaded_batches(connection: Connection, folder_name: str) -> set[int] | None:
    """Return the batches of a run that are not loaded; None for all of a run that has no books."""
    run = run_in(connection, folder_name)
    if run is None:
        return None
    rows = connection.execute(
        select(ingest_batch.c.batch_no).where(
            ingest_batch.c.ingest_run_id == run.id, ingest_batch.c.state != "loaded"
        )
    )
    return set(rows.scalars())


def unneeded_runs(
    connection: Connection, before: datetime, *, closed: Closed | None, after: int, most: int
) -> dict[int, str]:
    """Return runs that ended before a moment and that nothing refers to, as their ids by their keys.

    Args:
        closed: entries of the quarantine that do not count.
        after: only keys beyond this.
    """
    rows = connection.execute(
        select(ingest_run.c.id, ingest_run.c.run_id)
        .where(ingest_run.c.id > after, _ended(before), *_nothing_refers(closed))
        .order_by(ingest_run.c.id)
        .limit(most)
    )
    return {row.id: row.run_id for row in rows}


def remove_run(connection: Connection, *, key: int, before: datetime) -> bool:
    """Remove a run unless something refers to it by now; its batches, readings and results go with it."""
    # Whoever is about to refer to it waits for this lock, or holds it off.
    locked = select(ingest_run.c.id).where(ingest_run.c.id == key, _ended(before)).with_for_update()
    if connection.execute(locked).first() is None:
        return False
    unneeded = select(ingest_run.c.id).where(ingest_run.c.id == key, *_nothing_refers(None))
    if connection.execute(unneeded).first() is None:
        return False
    try:
        with connection.begin_nested():
            connection.execute(delete(ingest_run).where(ingest_run.c.id == key))
    except IntegrityError:  # the server knows of a reference that this module does not
        return False
    return True


def _ended(before: datetime) -> ColumnElement[bool]:
    return and_(ingest_run.c.state != "running", ingest_run.c.finished_at < before)


def _nothing_refers(closed: Closed | None) -> list[ColumnElement[bool]]:
    entry = quarantine.c.ingest_run_id == ingest_run.c.id
    if closed is not None:
        entry = and_(entry, ~closed.condition())
    event = select(quarantine_event.c.id).where(quarantine_event.c.ingest_run_id == ingest_run.c.id)
    if closed is not None:
        event = event.join(quarantine, quarantine.c.id == quarantine_event.c.quarantine_id).where(
            ~closed.condition()
        )
    return [
        ~select(page.c.id).where(page.c.ingest_run_id == ingest_run.c.id).exists(),
        ~select(quarantine.c.id).where(entry).exists(),
        ~event.exists(),
        ~select(source.c.id).where(source.c.ingest_run_id == ingest_run.c.id).exists(),
        ingest_run.c.run_id.not_in(
            select(media.c.claimed_run).where(
                media.c.status.not_in(SETTLED), media.c.claimed_run.is_not(None)
            )
        ),
    ]

"""What became of the entries that a run tried again, from their history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from textmill.run_wishes import QuarantineFilter
from textmill.warehouse.quarantine_choice import choose, source_of_entry
from textmill.warehouse.quarantine_history import Event, Status
from textmill.warehouse.tables import ingest_run, media_location, quarantine, quarantine_event

MOST_NAMED = 20
"""Entries of a kind that are named one by one; the views have all of them."""


def named_entries(
    connection: Connection,
    wish: QuarantineFilter,
    statuses: Sequence[Status],
    *conditions: ColumnElement[bool],
) -> list[dict[str, Any]]:
    """Return the first entries that fit, for people to read."""
    rows = connection.execute(
        choose(
            wish,
            statuses,
            quarantine.c.id.label("quarantine_id"),
            quarantine.c.reason,
            source_of_entry().label("source"),
            quarantine.c.page_no,
            quarantine.c.message,
        )
        .where(*conditions)
        .order_by(quarantine.c.id)
        .limit(MOST_NAMED)
    )
    return [dict(row._mapping) for row in rows]


def events_of(connection: Connection, run_id: str) -> Mapping[Event, int]:
    """Return how many entries a run opened, closed and refused again."""
    rows = connection.execute(
        select(
            quarantine_event.c.event, func.count(quarantine_event.c.quarantine_id.distinct()).label("entries")
        )
        .where(quarantine_event.c.ingest_run_id == _key(run_id))
        .group_by(quarantine_event.c.event)
    )
    return {Event(row.event): row.entries for row in rows}


def entries_with(connection: Connection, run_id: str, events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the first entries to which a run did this, with the sentences that they had then."""
    rows = connection.execute(
        select(
            quarantine_event.c.quarantine_id,
            quarantine_event.c.reason,
            source_of_entry().label("source"),
            quarantine.c.page_no,
            quarantine_event.c.message,
        )
        .join(quarantine, quarantine.c.id == quarantine_event.c.quarantine_id)
        .outerjoin(media_location, media_location.c.uri_hash == quarantine.c.uri_hash)
        .where(quarantine_event.c.ingest_run_id == _key(run_id), quarantine_event.c.event.in_(events))
        .order_by(quarantine_event.c.id)
        .limit(MOST_NAMED)
    )
    return [dict(row._mapping) for row in rows]


def untouched_by(run_id: str) -> ColumnElement[bool]:
    """Say in SQL that nothing happened to an entry in a run."""
    return ~(
        select(quarantine_event.c.id)
        .where(
            quarantine_event.c.quarantine_id == quarantine.c.id,
            quarantine_event.c.ingest_run_id == _key(run_id),
        )
        .exists()
    )


def _key(run_id: str) -> Any:
    return select(ingest_run.c.id).where(ingest_run.c.run_id == run_id).scalar_subquery()

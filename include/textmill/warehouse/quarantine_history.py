"""What became of the entries of the quarantine: each change of one is an event, written with the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, literal, null, select, update

from textmill.warehouse.tables import quarantine, quarantine_event

_AT_ONCE = 2000


class Event(StrEnum):
    """What happened to an entry."""

    OPENED = "opened"
    REFUSED_AGAIN = "refused_again"
    RESOLVED = "resolved"
    GONE = "gone"
    IGNORED = "ignored"
    REOPENED = "reopened"


class Status(StrEnum):
    """How an entry stands."""

    OPEN = "open"
    RESOLVED = "resolved"
    GONE = "gone"
    IGNORED = "ignored"


_LEADS_TO = {
    Event.RESOLVED: Status.RESOLVED,
    Event.GONE: Status.GONE,
    Event.IGNORED: Status.IGNORED,
    Event.REOPENED: Status.OPEN,
}


@dataclass(frozen=True)
class Change:
    """A change of entries.

    Attributes:
        ingest_run_id: the run that makes it; None for somebody.
        note: what somebody wrote about it.
    """

    event: Event
    at: datetime
    ingest_run_id: int | None = None
    note: str | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The columns of an entry after it."""
        status = _LEADS_TO[self.event]
        values: dict[str, Any] = {"status": status, "closed_at": None if status is Status.OPEN else self.at}
        return values | ({} if self.note is None else {"note": self.note})


def change_entries(
    connection: Connection,
    change: Change,
    *conditions: ColumnElement[bool],
    among: Sequence[Status],
    values: Mapping[str, Any] | None = None,
) -> int:
    """Change the entries that fit, and note it; returns how many there were.

    Args:
        among: how they stand before.
        values: what else is set in them.
    """
    # Without a lock: an entry that does not fit is nothing to wait for.
    keys = (
        connection.execute(select(quarantine.c.id).where(quarantine.c.status.in_(among), *conditions))
        .scalars()
        .all()
    )
    changed = 0
    for start in range(0, len(keys), _AT_ONCE):
        chunk = keys[start : start + _AT_ONCE]
        changed += len(change_these(connection, change, chunk, among=among, values=values))
    return changed


def change_these(
    connection: Connection,
    change: Change,
    keys: Sequence[int],
    *,
    among: Sequence[Status],
    values: Mapping[str, Any] | None = None,
) -> list[int]:
    """Change those of some entries that stand as `among` says, and note it; returns their keys."""
    locked = (
        connection.execute(
            select(quarantine.c.id)
            .where(quarantine.c.id.in_(keys), quarantine.c.status.in_(among))
            .order_by(quarantine.c.id)
            .with_for_update()
        )
        .scalars()
        .all()
    )
    if not locked:
        return []
    connection.execute(
        update(quarantine).where(quarantine.c.id.in_(locked)).values(**change.values, **(values or {}))
    )
    _note(connection, change, locked)
    return list(locked)


def _note(connection: Connection, change: Change, keys: Sequence[int]) -> None:
    connection.execute(
        insert(quarantine_event).from_select(
            ["quarantine_id", "happened_at", "event", "reason", "message", "ingest_run_id", "note"],
            select(
                quarantine.c.id,
                literal(change.at, quarantine_event.c.happened_at.type),
                literal(change.event.value),
                quarantine.c.reason,
                quarantine.c.message,
                null() if change.ingest_run_id is None else literal(change.ingest_run_id),
                null() if change.note is None else literal(change.note),
            )
            .where(quarantine.c.id.in_(keys))
            .order_by(quarantine.c.id),
        )
    )

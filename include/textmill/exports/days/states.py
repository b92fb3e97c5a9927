"""What the warehouse holds of each day, as a short text that changes whenever that does.

A page that is read again moves to another day, and the day that it left has fewer rows than were exported: so
days are not told by what is new. Each day has a count and a sum over its rows, and what was exported carries
the same in its name (`textmill.exports.days.destination`). No books are kept that could be wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from textmill.exports.days.rows import V_DOCUMENT, day_bounds
from textmill.exports.days.tables import SCHEMA_VERSION, ExportedTable
from textmill.warehouse.tables import page

_DIGEST = 16
_TWINS = {
    ExportedTable.PAGES: ExportedTable.LINES,
    ExportedTable.LINES: ExportedTable.PAGES,
}


@dataclass(frozen=True)
class DayState:
    """What is in the warehouse of one day and table.

    Attributes:
        rows: documents, or pages; of the table of lines too the pages are counted, with which they change.
        digest: changes whenever a row came, went, or was loaded anew.
    """

    rows: int
    digest: str


@dataclass(frozen=True)
class DayRange:
    """Days from the first to the last, both included; None for no bound."""

    first: date | None = None
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


def day_states(connection: Connection, table: ExportedTable, days: DayRange) -> dict[date, DayState]:
    """Return the state of each day on which anything was loaded that is still there."""
    loaded_at, mark = _marks(table)
    day = func.date(loaded_at)
    question: Select[Any] = (
        select(day, func.count(), func.sum(func.crc32(mark))).where(loaded_at.is_not(None)).group_by(day)
    )
    if days.first is not None:
        question = question.where(loaded_at >= day_bounds(days.first)[0])
    if days.last is not None:
        question = question.where(loaded_at < day_bounds(days.last)[1])
    return {
        row[0]: DayState(int(row[1]), _digest(int(row[1]), int(row[2])))
        for row in connection.execute(question)
    }


def states_of_tables(
    connection: Connection, tables: Collection[ExportedTable], days: DayRange
) -> dict[ExportedTable, dict[date, DayState]]:
    """Return the states of several tables; those of pages are those of lines, and asked for once."""
    found: dict[ExportedTable, dict[date, DayState]] = {}
    for table in tables:
        twin = _TWINS.get(table)
        found[table] = found[twin] if twin in found else day_states(connection, table, days)
    return found


def day_state(connection: Connection, table: ExportedTable, day: date) -> DayState:
    """Return the state of one day."""
    return day_states(connection, table, DayRange(day, day)).get(day, DayState(0, _digest(0, 0)))


def _marks(table: ExportedTable) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return the time of loading, and what tells a row from what it was before."""
    if table is not ExportedTable.DOCUMENTS:
        # Nothing but the index of this column has to be read.
        return page.c.loaded_at, func.concat_ws("/", page.c.id, page.c.loaded_at)
    view = V_DOCUMENT.c
    # Documents change without being loaded: they are moved, deleted, and lose pages to quarantine.
    parts = (view.media_id, view.loaded_at, view.status, view.page_count, view.uri, view.deleted_at)
    return view.loaded_at, func.concat_ws("/", *(func.coalesce(part, "") for part in parts))


def _digest(rows: int, total: int) -> str:
    return hashlib.sha256(f"{SCHEMA_VERSION}/{rows}/{total}".encode()).hexdigest()[:_DIGEST]

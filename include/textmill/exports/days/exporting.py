"""Export what was loaded on single days, each as it is now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import pairwise
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine

from textmill.access import Connections
from textmill.errors import ExportError
from textmill.exports.days.destination import Destination
from textmill.exports.days.folder import FolderDestination
from textmill.exports.days.object_store import ObjectStoreDestination
from textmill.exports.days.parquet import PartitionWriter
from textmill.exports.days.rows import batches_of_day
from textmill.exports.days.states import DayRange, DayState, day_state, states_of_tables
from textmill.exports.days.tables import ExportedTable, arrow_schema
from textmill.exports.snapshots import snapshot
from textmill.staging import path_of
from textmill.web_addresses import is_web

ALL_TABLES = tuple(ExportedTable)


class Action(StrEnum):
    """What became of a partition."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REMOVED = "removed"


@dataclass(frozen=True)
class ExportedPartition:
    """One table of one day, after its export."""

    table: ExportedTable
    day: date
    action: Action
    rows: int = 0
    files: int = 0
    bytes: int = 0


def open_destination(location: str, connections: Connections, connection: str | None) -> Destination:
    """Return the destination at an address: a folder, or a place in an object store.

    Raises:
        ExportError: nothing can be written there.
        SourceError: there is no such connection.
    """
    scheme = urlsplit(location).scheme
    if scheme in ("", "file"):
        return FolderDestination(path_of(location).expanduser().absolute())
    if is_web(location):
        raise ExportError(
            f"Nothing can be exported to {scheme} addresses: name a folder or s3://BUCKET/PREFIX."
        )
    return ObjectStoreDestination(connections.filesystem(location, connection), location)


def days_to_export(
    warehouse: Engine,
    destination: Destination,
    *,
    days: DayRange,
    tables: Collection[ExportedTable] = ALL_TABLES,
    full: bool = False,
) -> list[date]:
    """Return the days of which the destination has not what the warehouse has, the earliest first.

    A day that lost pages, since they were read again on another, is among them; also one that has none left.

    Args:
        full: all days that the warehouse has, whatever the destination has.
    """
    wanted: set[date] = set()
    with snapshot(warehouse) as connection:
        all_states = states_of_tables(connection, tables, days)
        for table, states in all_states.items():
            present = destination.partitions(table)
            wanted |= {day for day in present if day in days and day not in states}
            wanted |= {
                day
                for day, state in states.items()
                if full or day not in present or not present[day].is_of(state.digest)
            }
    return sorted(wanted)


def export_day(
    warehouse: Engine,
    destination: Destination,
    day: date,
    *,
    tables: Collection[ExportedTable] = ALL_TABLES,
    full: bool = False,
) -> list[ExportedPartition]:
    """Bring the partitions of a day up to date, all of them as the warehouse is at one moment.

    Each partition is replaced whole; doing so again, or after being killed at any moment, is fine.

    Args:
        full: also partitions that are up to date.

    Raises:
        ExportError: the destination cannot be read or written.
    """
    with snapshot(warehouse) as connection:
        taken = datetime.now(UTC).isoformat(timespec="seconds")
        return [
            _export(connection, destination, table, day, taken, full)
            for table in ALL_TABLES
            if table in tables
        ]


def in_groups(days: Sequence[str], most: int) -> list[list[str]]:
    """Deal days out into groups of about one size, in their order: no more groups than `most`."""
    count = min(most, len(days))
    bounds = [len(days) * number // count for number in range(count + 1)] if count else [0]
    return [list(days[start:end]) for start, end in pairwise(bounds)]


def _export(
    connection: Connection, destination: Destination, table: ExportedTable, day: date, taken: str, full: bool
) -> ExportedPartition:
    state = day_state(connection, table, day)
    present = destination.partition(table, day)
    if not state.rows:
        if present is None:
            return ExportedPartition(table, day, Action.UNCHANGED)
        destination.remove(table, day)
        return ExportedPartition(table, day, Action.REMOVED)
    if present is not None and present.is_of(state.digest) and not full:
        return ExportedPartition(table, day, Action.UNCHANGED)
    return _write(connection, destination, table, day, taken, state)


def _write(
    connection: Connection,
    destination: Destination,
    table: ExportedTable,
    day: date,
    taken: str,
    state: DayState,
) -> ExportedPartition:
    schema = arrow_schema(table, {"textmill.day": day.isoformat(), "textmill.snapshot": taken})
    with (
        destination.replacing(table, day) as replacement,
        closing(batches_of_day(connection, table, day, schema)) as batches,
    ):
        written = PartitionWriter(replacement, schema, state.digest).write(batches)
        replacement.commit()
    return ExportedPartition(table, day, Action.WRITTEN, written.rows, written.files, written.bytes)

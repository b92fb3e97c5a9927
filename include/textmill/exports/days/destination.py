"""Where partitions go: what folders and object stores have in common.

A partition is the files of one table and day: `pages/loaded_on=2026-11-24/part-DIGEST-00000.parquet`. All
of its files carry the digest of the day as it was exported, and the one with the number 0 comes last: so a
listing tells what was exported, and whether to its end.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol

from textmill.exports.days.tables import PARTITION_COLUMN, ExportedTable

_PART = re.compile(r"part-([0-9a-f]{16})-(\d{5})\.parquet")
_PARTITION = re.compile(rf"{PARTITION_COLUMN}=(\d{{4}}-\d{{2}}-\d{{2}})")


@dataclass(frozen=True)
class Partition:
    """The files in the place of a partition, by their names."""

    names: frozenset[str]

    def is_of(self, digest: str) -> bool:
        """Whether these are all files of this state of the day, and nothing else is there."""
        return part_name(digest, 0) in self.names and not self.strangers(digest)

    def strangers(self, digest: str) -> frozenset[str]:
        """Return the names of files that are not of this state."""
        return frozenset(name for name in self.names if (_digest_of(name)) != digest)


class Replacement(Protocol):
    """The new files of a partition, of which nothing is to be seen before `commit`."""

    def open(self, name: str) -> BinaryIO:
        """Begin a file; the one before is complete."""
        ...

    def commit(self) -> None:
        """Put all files into the place of what was there."""
        ...


class Destination(Protocol):
    """A place for exports."""

    def partitions(self, table: ExportedTable) -> Mapping[date, Partition]:
        """Return what is there of a table.

        Raises:
            ExportError: the place cannot be looked at.
        """
        ...

    def partition(self, table: ExportedTable, day: date) -> Partition | None:
        """Return what is there of a day; None for nothing. Raises as `partitions` does."""
        ...

    def replacing(self, table: ExportedTable, day: date) -> AbstractContextManager[Replacement]:
        """Write a partition anew; what is not committed within the block leaves nothing behind.

        Raises:
            ExportError: the place cannot be written.
        """
        ...

    def remove(self, table: ExportedTable, day: date, names: Collection[str] | None = None) -> None:
        """Remove a partition, or these files of it; absent ones are fine."""
        ...


def part_name(digest: str, number: int) -> str:
    """Return the name of a file of a partition."""
    return f"part-{digest}-{number:05d}.parquet"


def partition_name(day: date) -> str:
    """Return the name of a partition's folder, as Hive has it."""
    return f"{PARTITION_COLUMN}={day.isoformat()}"


def day_of(folder: str) -> date | None:
    """Return the day of a partition's folder; None for any other folder."""
    found = _PARTITION.fullmatch(folder)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _digest_of(name: str) -> str | None:
    found = _PART.fullmatch(name)
    return found[1] if found else None

"""Exports in an object store.

New files have names of their own, are completed only when all of them are written, and then the old ones are
removed: whoever lists the partition in that second sees both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from typing import TYPE_CHECKING, Any, BinaryIO

from textmill.errors import ExportError
from textmill.exports.days.destination import Partition, day_of, partition_name
from textmill.exports.days.tables import ExportedTable
from textmill.object_answers import Trouble, kind_of, trouble_of
from textmill.object_uris import ObjectUri

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_PART_BYTES = 16 * 1024**2
"""Sent at once, and held in memory for each file that is not complete."""


class ObjectStoreDestination:
    """What lies below an address of an object store."""

    def __init__(self, filesystem: AbstractFileSystem, uri: str) -> None:
        self._filesystem = filesystem
        self._uri = uri.rstrip("/")
        self._root = ObjectUri.parse(self._uri).path.rstrip("/")

    def partitions(self, table: ExportedTable) -> Mapping[date, Partition]:
        """Return what is there of a table."""
        found: dict[date, set[str]] = {}
        for path in self._listed(f"{self._root}/{table}"):
            folder, _, name = path.rpartition("/")
            day = day_of(folder.rpartition("/")[2])
            if day is not None:
                found.setdefault(day, set()).add(name)
        return {day: Partition(frozenset(names)) for day, names in found.items()}

    def partition(self, table: ExportedTable, day: date) -> Partition | None:
        """Return what is there of a day."""
        paths = self._listed(f"{self._root}/{table}/{partition_name(day)}")
        return Partition(frozenset(path.rpartition("/")[2] for path in paths)) if paths else None

    @contextmanager
    def replacing(self, table: ExportedTable, day: date) -> Iterator[_NewObjects]:
        """Write a partition anew, beside what is there."""
        place = f"{self._root}/{table}/{partition_name(day)}"
        with self._in_words():
            new = _NewObjects(self._filesystem, place, frozenset(self._listed(place)))
            try:
                yield new
            finally:
                new.abandon()

    def remove(self, table: ExportedTable, day: date, names: Collection[str] | None = None) -> None:
        """Remove a partition, or single files of it."""
        place = f"{self._root}/{table}/{partition_name(day)}"
        paths = self._listed(place) if names is None else [f"{place}/{name}" for name in names]
        with self._in_words():
            _remove(self._filesystem, paths)

    def _listed(self, path: str) -> list[str]:
        with self._in_words():
            try:
                return [str(one) for one in self._filesystem.find(path)]
            except FileNotFoundError:
                return []

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Say in words what a store refuses; its own words may hold secrets."""
        try:
            yield
        except ExportError:
            raise
        except OSError as error:
            raise self._refusal(error) from None
        except Exception as error:
            if type(error).__module__.partition(".")[0] in (
                "botocore",
                "aiobotocore",
                "azure",
                "gcsfs",
                "aiohttp",
            ):
                raise self._refusal(error) from None
            raise

    def _refusal(self, error: Exception) -> ExportError:
        why = {
            Trouble.GONE: "there is no such bucket",
            Trouble.DENIED: "access was denied; its connection must be allowed to list, write and delete",
            Trouble.CHANGED: "it was changed meanwhile",
            Trouble.AWAY: "the store does not answer as it should",
        }[trouble_of(error)]
        return ExportError(f"The export to {self._uri} cannot go on: {why} ({kind_of(error)}).")


class _NewObjects:
    """Files of a partition that are sent, but not completed before all of them are."""

    def __init__(self, filesystem: AbstractFileSystem, place: str, old: frozenset[str]) -> None:
        self._filesystem = filesystem
        self._place = place
        self._old = old
        self._files: list[Any] = []

    def open(self, name: str) -> BinaryIO:
        """Begin an object."""
        file = self._filesystem.open(f"{self._place}/{name}", "wb", block_size=_PART_BYTES, autocommit=False)
        self._files.append(file)
        return file  # type: ignore[no-any-return]

    def commit(self) -> None:
        """Complete the objects, the first one last, and remove those that were there before."""
        written = {f"{self._place}/{file.path.rpartition('/')[2]}" for file in self._files}
        while self._files:
            file = self._files[-1]
            file.close()
            if not file.autocommit:
                file.commit()
            self._files.pop()
        _remove(self._filesystem, sorted(self._old - written))

    def abandon(self) -> None:
        """Give up what was not completed; also what the store keeps of it."""
        for file in self._files:
            with suppress(Exception):  # it may have sent nothing yet, or the store be away
                file.discard()
            file.closed = True
        self._files.clear()


def _remove(filesystem: AbstractFileSystem, paths: Collection[str]) -> None:
    # One by one: not every store has the request for many, and those are a handful.
    for path in paths:
        with suppress(FileNotFoundError):
            filesystem.rm_file(path)

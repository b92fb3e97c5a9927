"""Exports in a folder. A partition is exchanged as a whole, by one call to the system."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from textmill.errors import ExportError
from textmill.exports.days.destination import Partition, day_of, partition_name
from textmill.exports.days.tables import ExportedTable
from textmill.staging import fsync_folder
from textmill.trash import remove_left_behind

_INCOMING = ".incoming"
"""Beside the tables: whoever reads one of them does not look here."""
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_UNKNOWN_TO_FILE_SYSTEM = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


class FolderDestination:
    """A folder, which is made when something is first written."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / _INCOMING

    def partitions(self, table: ExportedTable) -> Mapping[date, Partition]:
        """Return what is there of a table."""
        with self._in_words():
            days = [day_of(folder.name) for folder in (self._root / table).glob("*") if folder.is_dir()]
        found = {day: self.partition(table, day) for day in days if day is not None}
        return {day: partition for day, partition in found.items() if partition is not None}

    def partition(self, table: ExportedTable, day: date) -> Partition | None:
        """Return what is there of a day."""
        with self._in_words():
            try:
                place = self._root / table / partition_name(day)
                return Partition(frozenset(file.name for file in place.iterdir()))
            except FileNotFoundError:
                return None

    @contextmanager
    def replacing(self, table: ExportedTable, day: date) -> Iterator[_NewFolder]:
        """Write a partition anew, beside its place."""
        with self._in_words():
            remove_left_behind(self._incoming)
            folder = self._incoming / f"{table}-{day}-{uuid4().hex}"
            folder.mkdir(parents=True)
            try:
                yield _NewFolder(folder, self._root / table / partition_name(day))
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def remove(self, table: ExportedTable, day: date, names: Collection[str] | None = None) -> None:
        """Remove a partition, at once, or single files of it."""
        place = self._root / table / partition_name(day)
        with self._in_words():
            if names is not None:
                for name in names:
                    (place / name).unlink(missing_ok=True)
                return
            if place.exists():
                self._incoming.mkdir(parents=True, exist_ok=True)
                gone = self._incoming / f"{table}-{day}-{uuid4().hex}"
                place.rename(gone)
                fsync_folder(place.parent)
                shutil.rmtree(gone, ignore_errors=True)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ExportError(
                f"The export to {self._root} (TEXTMILL_EXPORTS, or the destination that was asked for) "
                f"cannot go on: {error.strerror or error}."
            ) from error


class _NewFolder:
    """A partition that is being written beside its place."""

    def __init__(self, folder: Path, place: Path) -> None:
        self._folder = folder
        self._place = place
        self._open: BinaryIO | None = None

    def open(self, name: str) -> BinaryIO:
        """Begin a file."""
        self._finish()
        self._open = (self._folder / name).open("wb")
        return self._open

    def commit(self) -> None:
        """Exchange the partition."""
        self._finish()
        fsync_folder(self._folder)
        self._place.parent.mkdir(parents=True, exist_ok=True)
        if self._place.exists():
            _exchange(self._folder, self._place)
        else:
            self._folder.rename(self._place)
        fsync_folder(self._place.parent)

    def _finish(self) -> None:
        if self._open is not None:
            self._open.flush()
            os.fsync(self._open.fileno())
            self._open.close()
            self._open = None


def _exchange(new: Path, place: Path) -> None:
    """Let two folders change places (Linux renameat2(2)): at no moment is there none."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is not None:
        if renameat2(_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(place), _RENAME_EXCHANGE) == 0:
            return
        code = ctypes.get_errno()
        if code not in _UNKNOWN_TO_FILE_SYSTEM:
            raise OSError(code, os.strerror(code), str(place))
    # A file system of the network may not know how: then the partition is missing for a moment.
    aside = new.with_name(f"{new.name}-old")
    place.rename(aside)
    new.rename(place)
    shutil.rmtree(aside, ignore_errors=True)

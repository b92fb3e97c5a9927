"""The quality gate's reports: one site per run, in a folder that has the name of the run's staging area."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from textmill.access import Connections
from textmill.retention.removed import Removed
from textmill.retention.sweep import Sweep
from textmill.retention.trash import Trash, size_of
from textmill.staging import path_of
from textmill.warehouse.connection import utc_moment
from textmill.warehouse.ended_runs import is_over, run_in

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_SITE = "run"
"""With what the names of sites begin; whatever else lies beside them is somebody else's."""


class _Sites(Protocol):
    """Where sites lie.

    Attributes:
        dated: what has no books can be told by its age; it may be somebody else's where it cannot.
    """

    @property
    def dated(self) -> bool: ...

    def names(self, before: datetime) -> Iterator[str]:
        """Yield the sites in which nothing was written since."""
        ...

    def size(self, name: str) -> int:
        """Return the bytes of a site."""
        ...

    def remove(self, name: str) -> None:
        """Remove a site."""
        ...


def remove_data_docs(sweep: Sweep, place: str, connections: Connections) -> Removed:
    """Remove the reports of runs that ended so long ago.

    Args:
        place: the setting: a folder, or the URI of an object store; empty for the folder in staging.
    """
    removed = Removed("reports of the quality gate")
    before = sweep.before(sweep.periods.data_docs)
    if before is None:
        return removed
    sites = _sites(sweep, place, connections)
    for name in sites.names(before):
        with sweep.warehouse.connect() as connection:
            goes = is_over(connection, name, before)
            goes = goes and (sites.dated or run_in(connection, name) is not None)
        if goes:
            removed.note(name, sites.size(name))
            if not sweep.dry_run:
                sites.remove(name)
    return removed


def _sites(sweep: Sweep, place: str, connections: Connections) -> _Sites:
    if urlsplit(place).scheme in ("", "file"):
        return _Folder(path_of(place) if place else sweep.staging.data_docs)
    filesystem = connections.filesystem(place, None)
    return _Store(filesystem, filesystem._strip_protocol(place))


@dataclass(frozen=True)
class _Folder:
    root: Path
    dated: bool = True

    def names(self, before: datetime) -> Iterator[str]:
        self._trash.empty()
        for folder in sorted(self.root.glob(f"{_SITE}[=-]*")):
            if folder.is_dir() and utc_moment(folder.stat().st_mtime) < before:
                yield folder.name

    def size(self, name: str) -> int:
        return size_of(self.root / name)

    def remove(self, name: str) -> None:
        self._trash.take(self.root / name)
        self._trash.empty()

    @property
    def _trash(self) -> Trash:
        return Trash(self.root / ".removing")


@dataclass(frozen=True)
class _Store:
    """Object stores have no folders with a time: the books of the run alone say how old a site is."""

    filesystem: AbstractFileSystem
    root: str
    dated: bool = False

    def names(self, before: datetime) -> Iterator[str]:
        for one in self.filesystem.ls(self.root, detail=True) if self.filesystem.exists(self.root) else ():
            name = str(one["name"]).rstrip("/").rpartition("/")[2]
            if one["type"] == "directory" and name.startswith((f"{_SITE}=", f"{_SITE}-")):
                yield name

    def size(self, name: str) -> int:
        return int(self.filesystem.du(f"{self.root}/{name}"))

    def remove(self, name: str) -> None:
        self.filesystem.rm(f"{self.root}/{name}", recursive=True)

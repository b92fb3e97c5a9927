"""The quality gate's reports: one site per run, see `textmill.quality.data_docs_site`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from textmill.access import Connections
from textmill.object_folder import ObjectFolder
from textmill.quality.data_docs_site import connection, location, run_hash
from textmill.retention.removed import Removed
from textmill.retention.sweep import Sweep
from textmill.settings import Settings
from textmill.staging import address_of, name_by_hash, path_of
from textmill.trash import Trash, size_of
from textmill.warehouse.connection import utc_moment
from textmill.warehouse.ended_runs import is_over, run_in


class _Sites(Protocol):
    """Where sites lie.

    Attributes:
        dated: what has no books can be told by its age; it may be somebody else's where it cannot.
    """

    @property
    def dated(self) -> bool: ...

    def tidy(self) -> None:
        """End removals that were killed."""
        ...

    def names(self, before: datetime) -> Iterator[str]:
        """Yield what may be a site, unless something was written in it since."""
        ...

    def size(self, name: str) -> int:
        """Return the bytes of a site."""
        ...

    def remove(self, name: str) -> None:
        """Remove a site."""
        ...


def remove_data_docs(sweep: Sweep, settings: Settings, connections: Connections) -> Removed:
    """Remove the reports of runs that ended so long ago. Whatever else lies there is somebody else's."""
    removed = Removed("reports of the quality gate")
    before = sweep.before(sweep.periods.data_docs)
    if before is None:
        return removed
    sites = _sites(settings, connections)
    if not sweep.dry_run:
        sites.tidy()
    for name in sites.names(before):
        if (digest := run_hash(name)) is None:
            continue
        with sweep.warehouse.connect() as warehouse:
            area = name_by_hash(digest)
            goes = is_over(warehouse, area, before)
            goes = goes and (sites.dated or run_in(warehouse, area) is not None)
        if goes:
            removed.note(name, sites.size(name))
            if not sweep.dry_run:
                sites.remove(name)
    return removed


def _sites(settings: Settings, connections: Connections) -> _Sites:
    place = location(settings)
    if urlsplit(place).scheme in ("", "file"):
        return _Folder(path_of(address_of(place)))
    return _Store(ObjectFolder(connections.filesystem(place, connection(settings)), place))


@dataclass(frozen=True)
class _Folder:
    root: Path
    dated: bool = True

    def tidy(self) -> None:
        self._trash.empty()

    def names(self, before: datetime) -> Iterator[str]:
        for folder in sorted(self.root.glob("*")):
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

    store: ObjectFolder
    dated: bool = False

    def tidy(self) -> None:
        """Nothing: the next removal takes what is left of a site."""

    def names(self, before: datetime) -> Iterator[str]:
        yield from self.store.folders()

    def size(self, name: str) -> int:
        return sum(one.bytes for one in self.store.below(name).stream())

    def remove(self, name: str) -> None:
        self.store.below(name).remove_all()

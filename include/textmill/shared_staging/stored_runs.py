"""The folders of all runs in an object store, to look through them and to clean them up.

A store renames nothing, so a run cannot be taken away at once. Its objects are removed while its row is
locked, and first of all those by which stages begin. Whoever is killed in between leaves files that no stage
takes for a run: each says that its input is missing, and to clear the run from its first task on. The next
removal finds what is left by its age, since removing changes the time of nothing.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from textmill.object_folder import ObjectFolder, StoredObject
from textmill.run_folders import StagedRun, Wanted
from textmill.shared_staging.at_once import at_once
from textmill.shared_staging.checkpoint_parts import bring_checkpoint
from textmill.staging import BatchArea, RunArea

_AT_ONCE = 1000
_BATCHES = "batches/"
_RUN = RunArea(Path())
_BATCH = BatchArea(Path())
_BEGINNINGS = frozenset(
    path.name for path in (_RUN.sources, _RUN.discovered, _BATCH.items, _BATCH.fetched, _BATCH.verdicts)
)
"""What stages read first: plan, fetch, ocr and load."""


def modified_seconds(found: StoredObject) -> float:
    """Return when an object was written, in seconds since 1970; one of unknown age is new."""
    return time.time() if found.modified_ns is None else found.modified_ns / 1e9


def _moment_of(found: StoredObject) -> datetime:
    return datetime.fromtimestamp(modified_seconds(found), UTC).replace(tzinfo=None)


class StoredRunFolders:
    """The runs below a folder of an object store. Satisfies `textmill.run_folders.RunFolders`.

    Args:
        here: a folder of this machine into which files are brought that are looked at.
    """

    def __init__(self, runs: ObjectFolder, here: Path) -> None:
        self._runs = runs
        self._here = here

    def names(self) -> Iterator[str]:
        """Yield the names of all, in order."""
        yield from self._runs.folders()

    def find(self, name: str) -> StagedRun | None:
        """Look at one: a listing of all its objects."""
        size, touched = 0, None
        for one in self._runs.below(name).stream():
            size += one.bytes
            touched = max(touched or _moment_of(one), _moment_of(one))
        return None if touched is None else StagedRun(name, touched, size)

    def remove(self, name: str, before: datetime) -> bool:
        """Remove the objects of one, those first without which no stage begins."""
        folder = self._runs.below(name)
        beginnings, known = [], False
        for one in folder.stream():
            if _moment_of(one) >= before:
                return False
            known = True
            if one.name.rpartition("/")[2] in _BEGINNINGS:
                beginnings.append(one.name)
        folder.remove(beginnings)
        _remove_backwards(folder)
        return known

    def end_removals(self) -> None:
        """Nothing: what a killed removal left is a folder of its run, and as old as it was."""

    def torn_files(self, name: str) -> Iterator[Path]:
        """Nothing: an object is there whole or not at all."""
        return iter(())

    @contextmanager
    def files(self, name: str) -> Iterator[StoredRunFiles]:
        """Yield the files, each of which is brought when somebody wants it."""
        area = RunArea(self._here / "runs" / name)
        try:
            yield StoredRunFiles(self._runs.below(name), area)
        finally:
            shutil.rmtree(area.folder, ignore_errors=True)


class StoredRunFiles:
    """The files of a run that lie in a store. Satisfies `textmill.run_folders.RunFiles`.

    Args:
        area: the folder here into which they are brought.
    """

    def __init__(self, store: ObjectFolder, area: RunArea) -> None:
        self._store = store
        self._area = area

    @property
    def address(self) -> str:
        """The address of its folder."""
        return self._store.uri

    @contextmanager
    def discovered(self) -> Iterator[Path]:
        """Bring the list, which may be large."""
        path = self._area.discovered
        try:
            self._store.fetch(path.name, path)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def batches(self) -> list[int]:
        """Return the numbers of its batches."""
        return sorted(int(name) for name in self._store.below(_BATCHES.rstrip("/")).folders())

    @contextmanager
    def batch(self, batch_no: int, wanted: Wanted) -> Iterator[BatchArea]:
        """Bring what is wanted of a batch; it goes when the block is left, so that one is here at a time."""
        area = self._area.batch(batch_no)
        store = self._store.below(f"{_BATCHES}{area.folder.name}")
        try:
            for _ in at_once(lambda path: _bring(store, area, path), wanted(area)):
                pass
            yield area
        finally:
            shutil.rmtree(area.folder, ignore_errors=True)

    def address_of_batch(self, batch_no: int) -> str:
        """Return the address of its folder."""
        return self._store.below(f"{_BATCHES}{self._area.batch(batch_no).folder.name}").uri

    def in_place(self, sentence: str) -> str:
        """Return a sentence with addresses in the store instead of paths of this moment."""
        return sentence.replace(str(self._area.folder), self._store.uri)


def _bring(store: ObjectFolder, area: BatchArea, path: Path) -> None:
    if path == area.checkpoint:
        bring_checkpoint(store.below(path.name), path)
    else:
        store.fetch(path.name, path)


def _remove_backwards(folder: ObjectFolder) -> None:
    """Remove all objects of a run, each batch from its last name on, holding one batch at a time.

    Of a checkpoint in parts, the newest goes first: what is left at any moment is one that broke off.
    """
    waiting: list[str] = []
    for _, objects in groupby(folder.stream(), lambda one: one.name.split("/")[:2]):
        waiting += reversed([one.name for one in objects])
        if len(waiting) >= _AT_ONCE:
            folder.remove(waiting)
            waiting = []
    folder.remove(waiting)

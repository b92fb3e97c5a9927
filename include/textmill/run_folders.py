"""The folders of all runs in the staging area, to look through them and to clean them up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from textmill.staging import BatchArea, RunArea, last_touched
from textmill.trash import Trash, size_of

Wanted = Callable[[BatchArea], Iterable[Path]]
"""Says which files of a batch somebody wants to look at."""


@dataclass(frozen=True)
class StagedRun:
    """The folder of a run.

    Attributes:
        touched: when it last gained a file, in UTC without a time zone.
        bytes: of all files in it.
    """

    name: str
    touched: datetime
    bytes: int


class RunFiles(Protocol):
    """The files of one run, to be read."""

    @property
    def address(self) -> str:
        """Where they lie, for people."""
        ...

    def discovered(self) -> AbstractContextManager[Path]:
        """Have the list of what was discovered here until the block is left; no file where there is none."""
        ...

    def batches(self) -> list[int]:
        """Return the numbers of its batches, in order."""
        ...

    def batch(self, batch_no: int, wanted: Wanted) -> AbstractContextManager[BatchArea]:
        """Have files of a batch here until the block is left; those that do not exist are missing."""
        ...

    def address_of_batch(self, batch_no: int) -> str:
        """Return where a batch lies, for people."""
        ...

    def in_place(self, sentence: str) -> str:
        """Return a sentence with the paths of files here as the addresses at which they lie."""
        ...


class RunFolders(Protocol):
    """All runs of the area."""

    def names(self) -> Iterator[str]:
        """Yield the names of their folders, in order."""
        ...

    def find(self, name: str) -> StagedRun | None:
        """Look at one; None when it is not there."""
        ...

    def remove(self, name: str, before: datetime) -> bool:
        """Remove one unless it gained a file since; returns whether it went.

        To be called while the run is locked in the warehouse. When this returns, or was killed, no task of
        the run takes what is left for the whole.
        """
        ...

    def end_removals(self) -> None:
        """Remove what removals have left to be removed."""
        ...

    def torn_files(self, name: str) -> Iterator[Path]:
        """Yield halves of files on the disks of this machine that a killed task of the run may have left."""
        ...

    def files(self, name: str) -> AbstractContextManager[RunFiles]:
        """Look at the files of one; whatever of it was brought here goes when the block is left."""
        ...


class LocalRunFolders:
    """The runs of an area that is a folder. Satisfies `RunFolders`.

    Args:
        runs: the folder of their folders.
        removing: a folder on the same file system, into which a run is renamed before it is removed.
    """

    def __init__(self, runs: Path, removing: Path) -> None:
        self._runs = runs
        self._trash = Trash(removing)

    def names(self) -> Iterator[str]:
        """Yield the names of all, in order."""
        if self._runs.exists():
            yield from sorted(one.name for one in self._runs.iterdir())

    def find(self, name: str) -> StagedRun | None:
        """Look at one."""
        folder = self._runs / name
        if not folder.is_dir():
            return None
        touched = datetime.fromtimestamp(last_touched(folder), UTC).replace(tzinfo=None)
        return StagedRun(name, touched, size_of(folder))

    def remove(self, name: str, before: datetime) -> bool:
        """Rename one out of its place."""
        run = self.find(name)
        if run is None or run.touched >= before:
            return False
        self._trash.take(self._runs / name)
        return True

    def end_removals(self) -> None:
        """Remove what was renamed."""
        self._trash.empty()

    def torn_files(self, name: str) -> Iterator[Path]:
        """Yield the halves that are left beside the places of whole files."""
        return (path for path in (self._runs / name).rglob("*.part") if path.is_file())

    @contextmanager
    def files(self, name: str) -> Iterator[LocalRunFiles]:
        """Yield the files where they lie."""
        yield LocalRunFiles(RunArea(self._runs / name))


class LocalRunFiles:
    """The files of a run that lie here. Satisfies `RunFiles`."""

    def __init__(self, area: RunArea) -> None:
        self._area = area

    @property
    def address(self) -> str:
        """The path of its folder."""
        return str(self._area.folder)

    @contextmanager
    def discovered(self) -> Iterator[Path]:
        """Yield its path."""
        yield self._area.discovered

    def batches(self) -> list[int]:
        """Return the numbers of its batches."""
        return sorted(int(folder.name) for folder in self._area.batches.glob("*"))

    @contextmanager
    def batch(self, batch_no: int, wanted: Wanted) -> Iterator[BatchArea]:
        """Yield the batch where it lies."""
        yield self._area.batch(batch_no)

    def address_of_batch(self, batch_no: int) -> str:
        """Return the path of its folder."""
        return str(self._area.batch(batch_no).folder)

    def in_place(self, sentence: str) -> str:
        """Return the sentence as it is."""
        return sentence

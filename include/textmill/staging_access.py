"""How a task gets at the part of the staging area that it works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from textmill.access import Connections
from textmill.settings import Settings
from textmill.staging import BatchArea, Staging


@dataclass(frozen=True)
class StagedBatch:
    """A batch whose files are here.

    Attributes:
        staging: the area in which it lies.
        uri: the address of `area`; other machines know the batch by `staging.address(area)`.
    """

    staging: Staging
    area: BatchArea

    @property
    def uri(self) -> str:
        """The address of the folder on this machine."""
        return self.area.uri


class StagingAccess(Protocol):
    """Where the staging area lies."""

    def of_run(self, run_id: str) -> AbstractContextManager[Staging]:
        """Have the files of a run here, but for those of its batches; what is written is there for others
        once the block is left, also by an error.

        Raises:
            StoreUnavailable: the object store does not do as it is asked.
        """
        ...

    def of_batch(self, uri: str) -> AbstractContextManager[StagedBatch]:
        """Have the files of a batch here, and its checkpoint, but no fetched copies; what is written is
        there for others once the block is left, also by an error.

        Args:
            uri: the batch's address, as a task returned it.

        Raises:
            StoreUnavailable: the object store does not do as it is asked.
        """
        ...

    def of_all(self) -> AbstractContextManager[Staging]:
        """Have the area as a whole at hand, to look through it or to clean it up."""
        ...


class SharedFolder:
    """The staging area is a folder that all machines see: there is nothing to be brought or sent."""

    def __init__(self, root: Path) -> None:
        self._staging = Staging(root)

    @contextmanager
    def of_run(self, run_id: str) -> Iterator[Staging]:
        """Yield the staging area."""
        yield self._staging

    @contextmanager
    def of_batch(self, uri: str) -> Iterator[StagedBatch]:
        """Yield the batch where it lies."""
        yield StagedBatch(self._staging, BatchArea.at(uri))

    @contextmanager
    def of_all(self) -> Iterator[Staging]:
        """Yield the staging area."""
        yield self._staging


def open_staging(settings: Settings, connections: Connections) -> StagingAccess:
    """Return how to get at the staging area: a folder, or an object store with a folder to work in.

    Raises:
        SourceError: the connection of the store cannot be used.
    """
    if not settings.staging_store:
        return SharedFolder(settings.staging_dir)
    from textmill.object_folder import ObjectFolder
    from textmill.shared_staging import SharedStaging

    filesystem = connections.filesystem(settings.staging_store, settings.staging_connection or None)
    return SharedStaging(ObjectFolder(filesystem, settings.staging_store), settings)

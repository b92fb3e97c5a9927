"""Get at a staging area in an object store. Satisfies `textmill.staging_access.StagingAccess`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from textmill.object_folder import ObjectFolder
from textmill.settings import Settings
from textmill.staging import Staging
from textmill.staging_access import StagedBatch


class SharedStaging:
    """The area below a folder of an object store."""

    def __init__(self, store: ObjectFolder, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    @contextmanager
    def of_run(self, run_id: str) -> Iterator[Staging]:
        """Have the files of a run here."""
        raise NotImplementedError
        yield

    @contextmanager
    def of_batch(self, uri: str) -> Iterator[StagedBatch]:
        """Have the files of a batch here."""
        raise NotImplementedError
        yield

    @contextmanager
    def of_all(self) -> Iterator[Staging]:
        """Have the area at hand."""
        raise NotImplementedError
        yield

"""Get at a staging area in an object store. Satisfies `textmill.staging_access.StagingAccess`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from textmill.object_folder import ObjectFolder
from textmill.settings import Settings
from textmill.shared_staging.mirrored import MirroredStaging
from textmill.shared_staging.workspace import workspace
from textmill.staging import RunArea, Staging
from textmill.staging_access import StagedBatch


class SharedStaging:
    """The area below a folder of an object store; tasks work below `settings.staging_dir` / `work`."""

    def __init__(self, store: ObjectFolder, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    @contextmanager
    def of_run(self, run_id: str) -> Iterator[Staging]:
        """Have the files of a run here."""
        with self._mirrored() as staging:
            staging.bring_run(staging.run(run_id))
            with staging.sending():
                yield staging

    @contextmanager
    def of_batch(self, uri: str) -> Iterator[StagedBatch]:
        """Have the files of a batch here.

        Raises:
            StagingError: the address is none of a batch in this store.
        """
        with self._mirrored() as staging:
            area = staging.area_at(uri)
            staging.bring_sources(RunArea(area.folder.parents[1]))
            staging.bring_batch(area)
            with staging.sending():
                yield StagedBatch(staging, area)

    @contextmanager
    def of_all(self) -> Iterator[Staging]:
        """Have the area at hand; whoever looks at a run brings it."""
        with self._mirrored() as staging:
            yield staging

    @contextmanager
    def _mirrored(self) -> Iterator[MirroredStaging]:
        with workspace(self._settings.staging_dir / "work") as folder:
            yield MirroredStaging(folder, self._store, self._settings)

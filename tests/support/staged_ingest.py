"""A small ingest whose tasks get at the staging area as those of Airflow do, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from small_ingest import SmallIngest
from sqlalchemy import Engine

from textmill.run_wishes import Reread, RunWishes
from textmill.settings import Settings
from textmill.stages.report import report
from textmill.staging import BatchArea, Staging, batch_no_of, items_to_read
from textmill.staging_access import SharedFolder, StagingAccess
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.runs import note_batch


@dataclass
class StagedIngest:
    """Runs over a folder, as `SmallIngest` makes them.

    Attributes:
        access: by it each task gets at the staging area.
    """

    warehouse: Engine
    folder: Path
    settings: Settings
    access: StagingAccess

    @classmethod
    def below(
        cls, warehouse: Engine, folder: Path, access: Callable[[Settings], StagingAccess] | None = None
    ) -> StagedIngest:
        """Use a source below a folder, and a staging area there, too, unless it is said to be elsewhere."""
        (folder / "in").mkdir(exist_ok=True)
        settings = Settings(staging_dir=folder / "staging", stable_seconds=0)
        opened = access(settings) if access else SharedFolder(settings.staging_dir)
        return cls(warehouse, folder / "in", settings, opened)

    @property
    def staging(self) -> Staging:
        """The area, where it is a folder."""
        return Staging(self.settings.staging_dir)

    def address(self, run_id: str, batch_no: int) -> str:
        """Return the address of a batch."""
        with self.access.of_all() as staging:
            return staging.address(staging.run(run_id).batch(batch_no))

    @contextmanager
    def batch(self, run_id: str, batch_no: int) -> Iterator[BatchArea]:
        """Have the files of a batch here, to change them; a file that is removed here stays in a store."""
        with self.access.of_batch(self.address(run_id, batch_no)) as batch:
            yield batch.area

    def write(self, name: str, *marks: str) -> Path:
        """Write a file, see `SmallIngest.write`."""
        return self._on(Staging(self.settings.staging_dir)).write(name, *marks)

    def run(self, run_id: str, *, wishes: RunWishes | None = None, batch_seconds: float = 1000) -> None:
        """Run to the end."""
        for uri in self.start(run_id, wishes=wishes, batch_seconds=batch_seconds):
            self.read(run_id, uri, (wishes or RunWishes()).reread)
            self.finish_batch(run_id, uri)
        self.report(run_id)

    def start(
        self, run_id: str, *, wishes: RunWishes | None = None, batch_seconds: float = 1000
    ) -> list[str]:
        """Discover and plan; returns the addresses of the batches."""
        with self.access.of_run(run_id) as staging:
            planned = self._on(staging).start(run_id, wishes=wishes, batch_seconds=batch_seconds)
            return [staging.address(BatchArea.at(uri)) for uri in planned]

    def fetch(self, run_id: str, uri: str, reread: Reread = Reread.NOTHING) -> None:
        """Fetch a batch."""
        with self.access.of_batch(uri) as batch:
            self._on(batch.staging).fetch(run_id, batch.uri, reread)

    def read(self, run_id: str, uri: str, reread: Reread = Reread.NOTHING) -> None:
        """Fetch a batch, and leave behind what reading and judging it would."""
        self.fetch(run_id, uri, reread)
        with self.access.of_batch(uri) as batch:
            batch.staging.bring_copies(content for _, content in items_to_read(batch.area))
            with batch.staging.checkpoint_publisher(batch.area):
                self._on(batch.staging).judge(run_id, batch.uri)

    def finish_batch(self, run_id: str, uri: str) -> None:
        """Load a batch."""
        with self.access.of_batch(uri) as batch:
            self._on(batch.staging).finish_batch(run_id, batch.uri)

    def report(self, run_id: str) -> None:
        """Close the books of a run."""
        with self.access.of_run(run_id) as staging:
            report(self.warehouse, staging, run_id=run_id)

    def note(self, run_id: str, uri: str, **values: object) -> None:
        """Set columns of a batch."""
        number = batch_no_of(uri)
        in_transaction(self.warehouse, lambda connection: note_batch(connection, run_id, number, **values))

    def _on(self, staging: Staging) -> SmallIngest:
        return SmallIngest(self.warehouse, self.folder, staging, self.settings)

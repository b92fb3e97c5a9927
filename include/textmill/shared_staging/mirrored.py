"""A staging area in an object store, as a task sees it: in a folder of its own."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from textmill.errors import StagingError, StoreUnavailable
from textmill.object_folder import ObjectFolder
from textmill.records import Content
from textmill.settings import Settings
from textmill.shared_staging.checkpoint_parts import PublishedCheckpoint, bring_checkpoint
from textmill.shared_staging.contents import SharedContents
from textmill.shared_staging.mirror import Mirror
from textmill.shared_staging.published_file import PublishedFile
from textmill.shared_staging.stored_runs import StoredRunFolders
from textmill.staging import BatchArea, CheckpointPublisher, RunArea, Staging

LOG = logging.getLogger(__name__)

_MARKERS = ("items.jsonl", "fetched.jsonl", "pages.parquet", "verdicts.parquet", "quality.json")
"""Files of a batch by which others tell that a stage is through: they are sent when all else is there."""


class MirroredStaging(Staging):
    """The staging area below a folder of this machine, of which the original lies in an object store.

    Names below both are the same, but for checkpoints, which lie in the store in parts.
    """

    def __init__(self, root: Path, store: ObjectFolder, settings: Settings) -> None:
        super().__init__(root)
        self._store = store
        self._settings = settings
        self._mirror = Mirror(store, self.root)
        self._contents = SharedContents(self.content, store.below("content"))

    # --- what others know things by --------------------------------------------------------------------

    def address(self, area: BatchArea) -> str:
        """The address of a batch in the store."""
        return self._below(area.folder).uri

    def area_at(self, address: str) -> BatchArea:
        """Return the folder here of the batch at an address.

        Raises:
            StagingError: it is none of a batch in this store.
        """
        try:
            name = self._store.name_of(address)
        except ValueError:
            name = ""
        area = BatchArea(self.root / name)
        if ".." in area.folder.parts or area.folder.parts[:-3] != self.runs.parts:
            raise StagingError(
                f"{address} is no batch below {self._store.uri} (TEXTMILL_STAGING_STORE). Has the setting "
                f"changed since the run was planned? Then clear the run from its first task on."
            )
        return area

    def _below(self, folder: Path) -> ObjectFolder:
        return self._store.below(folder.relative_to(self.root).as_posix())

    # --- what is brought -------------------------------------------------------------------------------

    def content_store(self) -> SharedContents:
        """The store of fetched copies."""
        return self._contents

    def run_folders(self) -> StoredRunFolders:
        """The folders of all runs in the store."""
        return StoredRunFolders(self._store.below("runs"), self.root)

    def bring_run(self, run: RunArea) -> None:
        """Have the files of a run here, but for its batches and for its references, which may be millions."""
        self._bring_folder(run.folder, but=run.discovered)

    def bring_references(self, run: RunArea) -> None:
        """Have here what discovery found."""
        self._bring([run.discovered])

    def bring_sources(self, run: RunArea) -> None:
        """Have the sources of a run here."""
        self._bring([run.sources])

    def bring_batch(self, area: BatchArea) -> None:
        """Have the files of a batch here, with its checkpoint."""
        self._bring_folder(area.folder)
        if not area.checkpoint.exists():
            bring_checkpoint(self._below(area.checkpoint), area.checkpoint)

    def bring_copies(self, contents: Iterable[Content]) -> None:
        """Have the fetched copies of contents here; whoever opens one that is not kept any more tells so."""
        self._contents.bring_all(content.sha256 for content in contents)

    def bring_figures(self, run: RunArea) -> None:
        """Have here what the quality gate came to in each batch of a run."""
        folders = self._below(run.batches).folders()
        self._bring(BatchArea(run.batches / name).quality for name in folders)

    def _bring(self, paths: Iterable[Path]) -> None:
        self._mirror.bring(path.relative_to(self.root).as_posix() for path in paths)

    def _bring_folder(self, folder: Path, *, but: Path | None = None) -> None:
        paths = (folder / one.name for one in self._below(folder).files())
        self._bring(path for path in paths if path != but)

    # --- what is sent ----------------------------------------------------------------------------------

    def send_figures(self, area: BatchArea) -> None:
        """Have others know now what the quality gate came to."""
        self._mirror.send(self._mirror.changed([area.quality]))

    def clear_batches(self, run: RunArea) -> None:
        """Remove all batches of a run, also from the store, before there are others of the same numbers.

        A task that is killed meanwhile leaves some of them: its next try goes on.
        """
        self._below(run.batches).remove_all()
        shutil.rmtree(run.batches, ignore_errors=True)

    def checkpoint_publisher(self, area: BatchArea) -> CheckpointPublisher:
        """What sends the checkpoint of a batch in parts."""
        return PublishedCheckpoint(
            self._below(area.checkpoint), area.checkpoint, self._settings.checkpoint_seconds
        )

    def journal_publisher(self, area: BatchArea) -> CheckpointPublisher:
        """What sends the journal of a batch's downloads while it grows.

        As a whole, over what was there: should a task that was taken for dead still write to it, notes of its
        successor may be lost. Then the retry after that fetches again what they said; it never takes one
        content for another, as a note names its address, and whatever it says is kept is asked for.
        """

        def send() -> None:
            if area.downloads.exists():
                self._mirror.send(self._mirror.changed([area.downloads]))

        return PublishedFile(send, self._settings.checkpoint_seconds)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send what is new or changed once the block is left; also by an error, as all files are whole.

        Raises:
            StoreUnavailable: something could not be sent. An error of the block goes before.
        """
        try:
            yield
        except BaseException:
            try:
                self._send()
            except StoreUnavailable as error:
                LOG.warning("What the task has written so far could not be sent: %s", error)
            raise
        self._send()

    def _send(self) -> None:
        """Send files of batches before those of the run, and files that tell that others are there last."""
        in_order: tuple[list[str], ...] = ([], [], [])
        for name in self._mirror.changed(self._files()):
            in_order[2 if "/batches/" not in name else name.endswith(_MARKERS)].append(name)
        for names in in_order:
            self._mirror.send(names)

    def _files(self) -> Iterator[Path]:
        """Yield what is to be sent: no halves of files, no checkpoints, no downloaded lists of URLs."""
        for folder in self.runs.glob("*"):
            run = RunArea(folder)
            for path in (*folder.glob("*"), *run.batches.glob("*/*")):
                is_checkpoint = path.name == BatchArea(path.parent).checkpoint.name
                if path.is_file() and path.suffix != ".part" and not is_checkpoint:
                    yield path

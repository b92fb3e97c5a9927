"""The staging area: the only module that knows where the files between two stages lie.

Files are JSON lines behind a header line that names the record and its schema version, written beside
their place and renamed into it, so that a reader sees a whole file or none. The OCR checkpoint is the one
file that is appended to; see `textmill.checkpoint`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from pydantic import BaseModel, ValidationError

from textmill.errors import StagingError
from textmill.fetching.content_store import ContentStore
from textmill.records import BatchItem, Content, FetchedItem, FetchOutcome, ReadingProfile

if TYPE_CHECKING:
    from textmill.run_folders import RunFolders

SCHEMA_VERSION = 1
_LONGEST_NAME = 200

R = TypeVar("R", bound=BaseModel)


def path_of(uri: str) -> Path:
    """Return the local path of a `file:` URI (or of a plain path). Raises StagingError for others."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(os.fsdecode(unquote_to_bytes(parts.path)))
    if parts.scheme:
        raise StagingError(f"Staging lies on the local file system; {uri} is a {parts.scheme} address.")
    return Path(uri)


def address_of(location: str) -> str:
    """Return the URI that a path, or a URI, means; of anything else, that of a path of this name."""
    if urlsplit(location).scheme in ("", "file"):
        return path_of(location).expanduser().absolute().as_uri()
    return location


def batch_no_of(uri: str) -> int:
    """Return the number of the batch at an address, wherever the staging area lies."""
    return int(uri.rstrip("/").rpartition("/")[2])


def name_of(uri: str) -> str:
    """Return the last part of an address for people to read, with what leads to it inside of an archive.

    What cannot be shown (bytes that are no UTF-8, control characters) becomes `�`.
    """
    parts = urlsplit(uri)
    outside, mark, inside = parts.path.partition("!")
    name = unquote(outside).rstrip("/").rpartition("/")[2] + mark + unquote(inside)
    if parts.fragment:
        name += f"#{parts.fragment}"
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


class BatchArea:
    """The folder of one batch. `uri` is what tasks hand to each other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def at(cls, uri: str) -> BatchArea:
        """Open the batch at a URI that an earlier task returned."""
        return cls(path_of(uri))

    @property
    def uri(self) -> str:
        """The batch's address, as it travels through XCom."""
        return self.folder.as_uri()

    def copy_of(self, content: Content) -> Path:
        """Where the fetched copy of content lies on this machine, or would lie.

        Its path is relative to the staging area, below which this folder is `runs/<run>/batches/<number>`;
        absolute as it was written by earlier versions.
        """
        path = path_of(content.path)
        return path if path.is_absolute() else self.folder.parents[3] / path

    @property
    def batch_no(self) -> int:
        """The number of the batch in its run, from 0."""
        return int(self.folder.name)

    @property
    def items(self) -> Path:
        """BatchItem lines, written by plan."""
        return self.folder / "items.jsonl"

    @property
    def profile(self) -> Path:
        """The ReadingProfile, written by plan."""
        return self.folder / "profile.json"

    def read_profile(self) -> ReadingProfile:
        """Return in what the batch departs from the wishes of its run; nothing, if plan wrote nothing."""
        if not self.profile.exists():
            return ReadingProfile()
        return ReadingProfile.model_validate_json(self.profile.read_text(encoding="utf-8"))

    @property
    def downloads(self) -> Path:
        """The append-only journal of what fetch has brought here over the network."""
        return self.folder / "downloads.jsonl"

    @property
    def fetched(self) -> Path:
        """FetchedItem lines, written by fetch."""
        return self.folder / "fetched.jsonl"

    @property
    def request(self) -> Path:
        """The OcrRequest, written by the operator."""
        return self.folder / "request.json"

    @property
    def checkpoint(self) -> Path:
        """The append-only record of what the OCR runtime finished."""
        return self.folder / "pages.jsonl"

    @property
    def pages(self) -> Path:
        """The finished pages as a Parquet table, written by the operator when the batch was read."""
        return self.folder / "pages.parquet"

    @property
    def verdicts(self) -> Path:
        """PageVerdict lines, written by validate."""
        return self.folder / "verdicts.parquet"

    @property
    def quality(self) -> Path:
        """The BatchQuality, written by validate."""
        return self.folder / "quality.json"


class CheckpointPublisher(Protocol):
    """Has other machines know of the lines that were appended to the checkpoint of a batch."""

    def __enter__(self) -> CheckpointPublisher: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def note_progress(self) -> None:
        """Take note that something was appended; it is told to others within `checkpoint_seconds`."""
        ...


class CheckpointStaysHere:
    """Where machines share the folder, there is nothing to tell."""

    def __enter__(self) -> CheckpointStaysHere:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def note_progress(self) -> None:
        """Nothing: it is there for all to see."""


class RunArea:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def sources(self) -> Path:
        """SourceSpec lines, written by discover."""
        return self.folder / "sources.jsonl"

    @property
    def discovered(self) -> Path:
        """MediaRef lines, written by discover."""
        return self.folder / "discovered.jsonl"

    @property
    def problems(self) -> Path:
        """SourceProblem lines, written by discover: sources that could not be opened."""
        return self.folder / "problems.jsonl"

    @property
    def manifests(self) -> Path:
        """The folder into which discover downloads lists of URLs."""
        return self.folder / "manifests"

    @property
    def estimate(self) -> Path:
        """The PlanEstimate, written by plan."""
        return self.folder / "estimate.json"

    @property
    def batch_count(self) -> Path:
        """How many batches were handed to Airflow, at most."""
        return self.folder / "batch-count"

    @property
    def batches(self) -> Path:
        """The folder of all batches."""
        return self.folder / "batches"

    def batch(self, batch_no: int) -> BatchArea:
        """The area of batch `batch_no`."""
        return BatchArea(self.batches / f"{batch_no:04d}")


class Staging:
    """The whole staging area below one folder of this machine.

    Where machines share no disk, the folder has what a task works on, and `textmill.shared_staging` has a
    class with the same methods that gets the rest, and sends what is new, from and to an object store.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def run(self, run_id: str) -> RunArea:
        """The area of a run. Run ids hold colons and plus signs, which are escaped; long ones are hashed."""
        name = "run=" + quote(run_id, safe="")
        if len(name) > _LONGEST_NAME:
            name = name_by_hash(hashlib.sha256(run_id.encode()).hexdigest())
        return RunArea(self.runs / name)

    @property
    def content(self) -> Path:
        """Root of the content store."""
        return self.root / "content"

    def content_store(self) -> ContentStore:
        """The store of fetched copies."""
        return ContentStore(self.content)

    def run_folders(self) -> RunFolders:
        """The folders of all runs of the area, wherever it lies."""
        from textmill.run_folders import LocalRunFolders

        return LocalRunFolders(self.runs, self.root / "removing")

    def address(self, area: BatchArea) -> str:
        """The address of a batch by which any machine finds it: what tasks hand to each other."""
        return area.uri

    def bring_batch(self, area: BatchArea) -> None:
        """Have the files of a batch here, of another than the one that was asked for."""

    def bring_copies(self, contents: Iterable[Content]) -> None:
        """Have the fetched copies of contents here, so that they can be opened."""

    def bring_references(self, run: RunArea) -> None:
        """Have here what discovery found (`RunArea.discovered`), which may be large."""

    def bring_figures(self, run: RunArea) -> None:
        """Have here what the quality gate came to in each batch of a run (`BatchArea.quality`)."""

    def send_figures(self, area: BatchArea) -> None:
        """Have others know at once what the quality gate came to in a batch."""

    def clear_batches(self, run: RunArea) -> None:
        """Remove all that an earlier plan of a run left behind."""
        shutil.rmtree(run.batches, ignore_errors=True)

    def checkpoint_publisher(self, area: BatchArea) -> CheckpointPublisher:
        """What tells other machines how far the checkpoint of a batch is. Use as a context manager."""
        return CheckpointStaysHere()

    def journal_publisher(self, area: BatchArea) -> CheckpointPublisher:
        """The same for the journal of what a batch fetches (`BatchArea.downloads`)."""
        return CheckpointStaysHere()

    @property
    def runs(self) -> Path:
        """The folder of all runs' areas."""
        return self.root / "runs"

    @property
    def data_docs(self) -> Path:
        """Where the quality gate's reports lie, unless a setting says otherwise: one folder per run."""
        return self.root / "data_docs"


def run_id_of(folder_name: str) -> str | None:
    """Return the run whose area has this name; None where the name has only a hash of it."""
    kind, _, name = folder_name.partition("=")
    return unquote(name) if kind == "run" else None


def name_by_hash(digest: str) -> str:
    """Return the name of the area of a run of which only the SHA-256 of its id is told."""
    return f"run-sha256={digest}"


def hash_of_run_in(folder_name: str) -> str:
    """Return the SHA-256 of the run id that is in the name of an area, where the id itself was too long."""
    return folder_name.partition("=")[2]


def last_touched(folder: Path) -> float:
    """Return when a run's folder, or that of one of its batches, last gained a file; now when it is gone."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.glob("batches/*")))
    except FileNotFoundError:  # somebody else removes it at this moment
        return time.time()


def fsync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write a small file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    with partial.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)
    fsync_folder(path.parent)


class RecordWriter(Generic[R]):
    """Writes records as JSON lines to a file that is there whole, once the context is left, or not at all.

    Args:
        model: the class of the records, which the file's header names.
    """

    def __init__(self, path: Path, model: type[R]) -> None:
        self._path = path
        self._model = model
        self._partial = path.with_name(path.name + ".part")
        self.count = 0

    def __enter__(self) -> RecordWriter[R]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._out = self._partial.open("w", encoding="utf-8")
        header = {"record": self._model.__name__, "schema_version": SCHEMA_VERSION}
        self._out.write(json.dumps(header) + "\n")
        return self

    def write(self, record: R) -> None:
        """Write one record."""
        self.write_line(record.model_dump_json(exclude_defaults=True))

    def write_line(self, line: str) -> None:
        """Write one record that is JSON already, see `read_lines`."""
        self._out.write(line + "\n")
        self.count += 1

    def mark(self) -> tuple[int, int]:
        """Return where the file ends now, for `cut_back`."""
        self._out.flush()
        return self._out.tell(), self.count

    def cut_back(self, mark: tuple[int, int]) -> None:
        """Take back all that was written since `mark`."""
        self._out.flush()
        position, self.count = mark
        self._out.seek(position)
        self._out.truncate()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._out:
            if kind is not None:
                return
            self._out.flush()
            os.fsync(self._out.fileno())
        self._partial.replace(self._path)
        fsync_folder(self._path.parent)


def write_records(path: Path, records: Iterable[R], model: type[R]) -> int:
    """Write records as JSON lines and return how many there were. Streams: holds one at a time."""
    with RecordWriter(path, model) as writer:
        for record in records:
            writer.write(record)
    return writer.count


def read_lines(path: Path, model: type[BaseModel]) -> Iterator[str]:
    """Stream the records of a file as the JSON that they are, unchecked. Raises as `read_records`."""
    try:
        lines = path.open(encoding="utf-8")
    except FileNotFoundError:
        raise StagingError(
            f"{path} is missing. The task that writes it has not run, or its run was cleaned up: "
            f"clear the run from its first task on."
        ) from None
    with lines:
        header = json.loads(next(lines, "{}"))
        expected = {"record": model.__name__, "schema_version": SCHEMA_VERSION}
        if header != expected:
            raise StagingError(f"{path} holds {header}, expected {expected}.")
        for line in lines:
            yield line.rstrip("\n")


def read_records(path: Path, model: type[R]) -> Iterator[R]:
    """Stream the records of a file. Raises StagingError when it is missing or holds something else."""
    for number, line in enumerate(read_lines(path, model), start=2):
        try:
            yield model.model_validate_json(line)
        except ValidationError as error:
            raise StagingError(f"{path}, line {number}: {error}") from error


def items_to_read(area: BatchArea) -> Iterator[tuple[BatchItem, Content]]:
    """Stream what fetching left to be read: neither unchanged nor refused."""
    for fetched in read_records(area.fetched, FetchedItem):
        if fetched.outcome is FetchOutcome.READ and fetched.content is not None:
            yield fetched.item, fetched.content

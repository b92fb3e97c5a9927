"""The checkpoint of a batch: an append-only file with one line per event.

What was finished is on the disk before it counts as finished, with all lines before it. Lines that only tell
what was begun outlive their process, which is what they are for, and may be lost in a power cut: then the
page is begun once more.

A process may be killed at any byte. A last line without its newline was never promised to anybody and is
cut off before the next one is appended, as are lines of which a power cut left zeros, and what follows them.
Pages read with another fingerprint are not continued: the file is started anew.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from pydantic import TypeAdapter, ValidationError

from textmill.errors import StagingError
from textmill.records import (
    CheckpointEvent,
    CheckpointHeader,
    FrameRead,
    FrameStarted,
    MediumDone,
    MediumOpened,
    PageLeft,
    PageRead,
    PageRecord,
    PageStarted,
    Rejected,
    Rejection,
)
from textmill.staging import fsync_folder

_EVENT: TypeAdapter[CheckpointEvent] = TypeAdapter(CheckpointEvent)

PageKey = tuple[str, int]
"""SHA-256 of the medium and the page number, from 1."""

FrameKey = tuple[str, int]
"""SHA-256 of a video and a time in milliseconds."""


@dataclass
class Progress:
    """What a checkpoint says is finished.

    Attributes:
        page_counts: how many pages of each medium are read here.
        whole_page_counts: how many pages those media have of which only a part is read here.
        finished_counts: how many pages of each medium are finished.
        starts: how often work on a page began; deaths on a frame of it are in `frame_deaths` instead.
        begun: the page that work began on last, unless it is finished; of a `Checkpoint`, by its own process.
        reached: of a video, the number of the last page that was read and the time at which it ends.
    """

    page_counts: dict[str, int] = field(default_factory=dict)
    whole_page_counts: dict[str, int] = field(default_factory=dict)
    durations: dict[str, int] = field(default_factory=dict)
    finished_pages: set[PageKey] = field(default_factory=set)
    finished_counts: Counter[str] = field(default_factory=Counter)
    finished_media: set[str] = field(default_factory=set)
    starts: Counter[PageKey] = field(default_factory=Counter)
    begun: PageKey | None = None
    frame_deaths: Counter[FrameKey] = field(default_factory=Counter)
    reached: dict[str, tuple[int, int]] = field(default_factory=dict)
    pages_read: int = 0
    _frame: FrameStarted | None = None

    def note(self, event: CheckpointEvent) -> None:
        """Take one event in."""
        match event:
            case MediumOpened():
                self._note_opened(event)
            case PageStarted():
                self.begun = (event.sha256, event.page_no)
                self.starts[self.begun] += 1
            case FrameStarted():
                self._frame = event
            case FrameRead():
                self._frame = None
            case PageLeft():
                self.starts[event.sha256, event.page_no] -= 1
                self._frame = self.begun = None
            case PageRead(page=page):
                self._note_page(page)
            case Rejected(rejection=rejection):
                self._note_rejection(rejection)
            case MediumDone():
                self._note_done(event)

    def _note_opened(self, event: MediumOpened) -> None:
        if event.page_count is not None:
            self.page_counts[event.sha256] = event.page_count
        if event.whole_page_count is not None:
            self.whole_page_counts[event.sha256] = event.whole_page_count
        if event.duration_ms is not None:
            self.durations[event.sha256] = event.duration_ms
        del self.starts[event.sha256, 0]  # opening it went well
        self.begun = None
        if self._frame is not None and self._frame.sha256 == event.sha256:
            # The same medium is opened again, and nothing came of the frame: the process died on it.
            self.frame_deaths[event.sha256, self._frame.at_ms] += 1
            self.starts[event.sha256, self._frame.page_no] -= 1
        self._frame = None

    def _note_page(self, page: PageRecord) -> None:
        self._finish(page.sha256, page.page_no)
        self.pages_read += 1
        if page.end_ms is not None:
            self.reached[page.sha256] = (page.page_no, page.end_ms)

    def _note_done(self, event: MediumDone) -> None:
        self.finished_media.add(event.sha256)
        if event.page_count is not None:
            self.page_counts[event.sha256] = event.page_count
        if event.duration_ms is not None:
            self.durations[event.sha256] = event.duration_ms

    def _note_rejection(self, rejection: Rejection) -> None:
        self._frame = self.begun = None
        if rejection.sha256 is not None and rejection.page_no is not None:
            self._finish(rejection.sha256, rejection.page_no)

    def _finish(self, sha256: str, page_no: int) -> None:
        if self.begun == (sha256, page_no):
            self.begun = None
        if (sha256, page_no) not in self.finished_pages:
            self.finished_pages.add((sha256, page_no))
            self.finished_counts[sha256] += 1


_FINISHED = (PageRead, Rejected)
"""What costs work to find out again. All else follows from opening the medium again: a picture is five lines
in here, and a disk may take milliseconds for each."""

_PAGE_LINE = b'{"type":"page",'
"""How the line of a `PageRead` begins: fields are written in the order in which they are declared."""


def read_events(path: Path, *, pages: bool = True) -> Iterator[CheckpointEvent]:
    """Stream the finished events of a checkpoint, without the header and without a torn last line.

    Args:
        pages: whether to yield `PageRead`, too; they are nearly all of the file, and reading them takes long.
    """
    with path.open("rb") as lines:
        next(lines, None)
        for number, line in enumerate(lines, start=2):
            if not _is_whole(line):
                return
            if not pages and line.startswith(_PAGE_LINE):
                continue
            try:
                yield _EVENT.validate_json(line)
            except ValidationError as error:
                raise StagingError(f"{path}, line {number}: {error}") from error


def read_pages(path: Path) -> Iterator[PageRecord]:
    """Stream the finished pages of a checkpoint."""
    return (event.page for event in read_events(path) if isinstance(event, PageRead))


def read_rejections(path: Path) -> Iterator[Rejection]:
    """Stream what was refused while the batch was read."""
    return (event.rejection for event in read_events(path) if isinstance(event, Rejected))


def read_progress(path: Path) -> Progress:
    """Sum a checkpoint up; an absent file is no progress."""
    progress = Progress()
    if path.exists():
        for event in read_events(path):
            progress.note(event)
    return progress


def leave_page(path: Path, before: Progress) -> None:
    """Note that a page was left by order, when the process that was at work on it had no time to say so.

    Only when that process has ended. Else the page would be one step nearer to being taken for a killer.

    Args:
        before: the progress before that process began; a page on which an earlier one died is not meant.
    """
    progress = read_progress(path)
    if progress.begun is not None and progress.starts[progress.begun] > before.starts[progress.begun]:
        sha256, page_no = progress.begun
        with path.open("rb") as lines:
            header = CheckpointHeader.model_validate_json(next(lines))
        with Checkpoint(path, header.fingerprint) as checkpoint:
            checkpoint.append(PageLeft(sha256=sha256, page_no=page_no))


class Checkpoint:
    """A checkpoint opened for appending. Use as a context manager.

    Attributes:
        progress: what was finished before and since it was opened.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        header = CheckpointHeader(fingerprint=fingerprint)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _continues(path, header):
            path.unlink(missing_ok=True)
        else:
            _cut_torn_line(path)
        self.progress = read_progress(path)
        # Whoever began it is no more; a page that killed its reader is not to be taken for one that was left.
        self.progress.begun = None
        fresh = not path.exists()
        self._file = path.open("ab")
        if fresh:
            self._write(header.model_dump_json(), to_disk=True)
            fsync_folder(path.parent)

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, event: CheckpointEvent) -> None:
        """Write an event; return once it survives the end of this process, and a power cut if it has to."""
        self._write(event.model_dump_json(), to_disk=isinstance(event, _FINISHED))
        self.progress.note(event)

    def _write(self, line: str, *, to_disk: bool) -> None:
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        if to_disk:
            os.fsync(self._file.fileno())


def _continues(path: Path, header: CheckpointHeader) -> bool:
    try:
        with path.open("rb") as lines:
            first = next(lines, b"")
    except FileNotFoundError:
        return False
    return first == header.model_dump_json().encode() + b"\n"


def _cut_torn_line(path: Path) -> None:
    data_end = 0
    with path.open("rb+") as file:
        for line in file:
            if not _is_whole(line):
                break
            data_end += len(line)
        file.truncate(data_end)


def _is_whole(line: bytes) -> bool:
    """Whether a line was written to its end: a power cut may leave zeros where its bytes should be."""
    return line.endswith(b"\n") and b"\0" not in line

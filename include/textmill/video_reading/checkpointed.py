"""One video of a batch: from where a checkpoint left it to its end, page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from textmill.checkpoint import Checkpoint
from textmill.errors import DamagedVideo, EngineFailed, MediumError, PageCrashedReader, TooManyPages
from textmill.fingerprints import fingerprint
from textmill.media import MediaOptions
from textmill.media.video import Frame, Video
from textmill.page import PageImage
from textmill.page_records import read_record
from textmill.reading.page_reader import PageReader, ReadPage
from textmill.records import BatchItem, Content, FrameRead, FrameStarted, LineRecord, PageRecord, PageStarted
from textmill.video_reading.finding import text_finder
from textmill.video_reading.reader import VERSION, UnreadFrame, VideoPage, VideoReader

_HEARTBEAT_SECONDS = 10.0


@dataclass(frozen=True)
class PageRefused:
    """A page number that stands for something which could not be read."""

    page_no: int
    error: MediumError


class CheckpointedVideo:
    """A video that is opened at the end of the last page in the checkpoint. Use as a context manager.

    Of a part of a video, only what is shown in the part's time is read. Where the container does not say how
    long the video lasts, the first part is all of it.

    Pages, and frames that cannot be read, are numbered in the order of time, in each part from 1. Before a
    frame is read, a note of it goes to the checkpoint, so that one on which the process dies is left out in
    the end.

    Attributes:
        duration_ms: as the container says, at the end as decoded; None where neither is known.
        page_count: pages read or refused so far.
    """

    def __init__(
        self,
        item: BatchItem,
        content: Content,
        copy: Path,
        *,
        name: str,
        options: MediaOptions,
        interval_seconds: float,
        reader: PageReader,
        checkpoint: Checkpoint,
        attempts: int,
    ) -> None:
        self._item = item
        self._content = content
        self._name = name
        self._options = options
        self._reader = reader
        self._checkpoint = checkpoint
        self._attempts = attempts
        self._interval_seconds = interval_seconds
        self._heartbeat: Callable[[int], None] = lambda at_ms: None
        self._spoke_at = time.monotonic()
        self._reading_seconds = 0.0
        self._steps: tuple[str, ...] = ()
        self._video = Video(copy, name=name, options=options, interval_seconds=interval_seconds)
        self._frames_seen = 0
        self._read_for_page = 0
        self._between_pages: Callable[[], None] = lambda: None
        self.page_count, self._start_ms = 0, 0
        self._end_ms: int | None = None
        if item.parts > 1:
            self._start_ms, self._end_ms = _span(item, self._video.duration_ms)
        if content.sha256 in checkpoint.progress.reached:
            self.page_count, self._start_ms = checkpoint.progress.reached[content.sha256]

    def __enter__(self) -> CheckpointedVideo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._video.__exit__(kind, error, trace)

    @property
    def duration_ms(self) -> int | None:
        """See the class."""
        return self._video.duration_ms

    def pages(
        self, heartbeat: Callable[[int], None], between_pages: Callable[[], None]
    ) -> Iterator[PageRecord | PageRefused]:
        """Yield what is not in the checkpoint yet.

        Args:
            heartbeat: called now and then with the time reached.
            between_pages: called where nothing was read yet of the page that comes next; it may raise.

        Raises:
            MediumError: nothing of the video can be decoded.
        """
        self._heartbeat = heartbeat
        self._between_pages = between_pages
        looker = VideoReader(
            self._read_frame,
            text_finder(self._reader.engine),
            step_ms=self._video.step_ms,
            interval_ms=self._interval_seconds * 1000,
        )
        try:
            self._begin_page()
            for page in looker.pages(self._frames()):
                yield from self._numbered(page)
                self._begin_page()
        except MediumError as error:
            if self._starts_behind_the_end(error):
                return
            if not self._item.part and not self.page_count and not looker.frames_sampled:
                raise
            yield from self._refused(error)

    def _frames(self) -> Iterator[Frame]:
        for frame in self._video.frames(self._start_ms, self._speak, end_ms=self._end_ms):
            self._frames_seen += 1
            if not self._read_for_page:
                self._between_pages()
            yield frame

    def _starts_behind_the_end(self, error: MediumError) -> bool:
        """Tell whether a later part is empty because the video broke off before.

        Then the part before it has come to that end, too, and says so.
        """
        nothing_here = not self._frames_seen and not self.page_count
        return bool(self._item.part) and nothing_here and isinstance(error, DamagedVideo)

    def _begin_page(self) -> None:
        """Note that work on the next page begins; refuse the rest when the process keeps dying in it."""
        page_no, sha256 = self.page_count + 1, self._content.sha256
        if page_no > self._options.max_pages:
            raise TooManyPages(
                f"{self._name} has more than the {self._options.max_pages:,} pages that TEXTMILL_MAX_PAGES "
                f"allows; what comes later was not read."
            )
        progress = self._checkpoint.progress
        if (sha256, page_no) in progress.finished_pages:
            return
        deaths = progress.starts[sha256, page_no]
        if deaths >= self._attempts:
            raise PageCrashedReader(
                f"{self._name}: the OCR process died or hung {deaths} times (TEXTMILL_PAGE_ATTEMPTS) between "
                f"two frames that it read after {_clock(self._start_ms)}, so what comes later was left out."
            )
        self._checkpoint.append(PageStarted(sha256=sha256, page_no=page_no))

    def _numbered(self, page: VideoPage | UnreadFrame) -> Iterator[PageRecord | PageRefused]:
        if isinstance(page, UnreadFrame):
            yield from self._refused(page.error)
            return
        self.page_count += 1
        self._start_ms = page.end_ms
        self._read_for_page = 0
        yield self._record(page)

    def _refused(self, error: MediumError) -> Iterator[PageRefused]:
        """Yield a refusal under the next page number, unless it is in the checkpoint already."""
        self.page_count += 1
        if (self._content.sha256, self.page_count) not in self._checkpoint.progress.finished_pages:
            yield PageRefused(self.page_count, error)

    def _record(self, page: VideoPage) -> PageRecord:
        remarks = (*self._steps, f"{page.frames_read} of {page.frames} frames read")
        milliseconds, self._reading_seconds = round(self._reading_seconds * 1000), 0.0
        record = read_record(
            self._content.sha256,
            ReadPage(PageImage(self.page_count, page.picture, None), page.text, remarks),
            self._reader,
            milliseconds,
            start_ms=page.start_ms,
            end_ms=page.end_ms,
        )
        mark = video_fingerprint(self._reader.fingerprint, self._interval_seconds)
        return record.model_copy(update={"fingerprint": mark})

    def _read_frame(self, at_ms: int, pixels: Any) -> tuple[LineRecord, ...]:
        sha256 = self._content.sha256
        where = f"{self._name}, frame at {_clock(at_ms)}"
        deaths = self._checkpoint.progress.frame_deaths[sha256, at_ms]
        if deaths >= self._attempts:
            raise PageCrashedReader(
                f"{where}: the OCR process died or hung {deaths} times here (TEXTMILL_PAGE_ATTEMPTS), so "
                f"this frame was left out."
            )
        self._speak(at_ms)
        self._checkpoint.append(FrameStarted(sha256=sha256, page_no=self.page_count + 1, at_ms=at_ms))
        started = time.monotonic()
        self._read_for_page += 1
        read = self._read_picture(where, pixels)
        self._reading_seconds += time.monotonic() - started
        self._steps = read.steps
        self._checkpoint.append(FrameRead(sha256=sha256, at_ms=at_ms))
        return _as_in_frame(read)

    def _read_picture(self, where: str, pixels: Any) -> ReadPage:
        try:
            return self._reader.read(PageImage(self.page_count + 1, pixels, None))
        except MemoryError as error:
            raise EngineFailed(
                f"{where}: reading it needs more memory than TEXTMILL_WORKER_MEMORY_MB allows.",
                detail=repr(error),
            ) from error
        except Exception as error:  # an engine may raise anything; one frame must not end the batch
            raise EngineFailed(
                f"{where}: {self._reader.engine.name} failed on this frame.", detail=repr(error)
            ) from error

    def _speak(self, at_ms: int) -> None:
        if time.monotonic() - self._spoke_at >= _HEARTBEAT_SECONDS:
            self._spoke_at = time.monotonic()
            self._heartbeat(at_ms)


def video_fingerprint(reader_fingerprint: str, interval_seconds: float) -> str:
    """Return the fingerprint of pages of a video."""
    return fingerprint(reader=reader_fingerprint, interval=interval_seconds, video_reading=VERSION)


def _span(item: BatchItem, duration_ms: int | None) -> tuple[int, int | None]:
    """Return from when to when a part of a video lasts; the last one lasts to the end, whenever that is."""
    if duration_ms is None:
        return 0, None if item.part == 0 else 0
    share = item.share_of(duration_ms)
    return share.start, share.stop if item.part < item.parts - 1 else None


def _as_in_frame(read: ReadPage) -> tuple[LineRecord, ...]:
    """Return the lines outlined as they stand in the frame, if it was turned to be read."""
    if not read.page.rotation % 360:
        return read.text.lines
    turned = [
        line.model_copy(update={"polygon": tuple(_turned_back(x, y, read.page) for x, y in line.polygon)})
        for line in read.text.lines
    ]
    return tuple(turned)


def _turned_back(x: float, y: float, upright: PageImage) -> tuple[float, float]:
    match upright.rotation % 360:
        case 90:
            return y, upright.width - x
        case 180:
            return upright.width - x, upright.height - y
        case _:
            return upright.height - y, x


def _clock(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

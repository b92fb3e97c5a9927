"""Read the items of a batch, page by page, and write each finished page to the checkpoint."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

from textmill.checkpoint import Checkpoint
from textmill.errors import EngineFailed, MediumError, PageCrashedReader, StagingError
from textmill.events import (
    ItemDone,
    ItemFailed,
    ItemOpened,
    PageDone,
    StillReading,
    WorkerDrained,
    WorkerEvent,
    WorkerFinished,
)
from textmill.media import MediaOptions, Medium, open_medium
from textmill.page import PageImage, WrittenPage
from textmill.page_records import read_record, written_record
from textmill.reading.page_reader import PageReader, ReadPage
from textmill.records import (
    BatchItem,
    Content,
    Kind,
    MediumDone,
    MediumOpened,
    PageLeft,
    PageRead,
    PageRecord,
    PageStarted,
    Rejected,
    Rejection,
    Stage,
)
from textmill.settings import Settings
from textmill.staging import BatchArea, items_to_read, name_of

_OPENING = 0
"""Stands in the checkpoint for opening a medium, before any page."""


class _Stopped(Exception):
    """The order to stop was given, and here nothing is lost by it."""


class BatchReader:
    """Reads the items of one batch with one engine, or those that come before it is told to stop."""

    def __init__(
        self,
        area: BatchArea,
        reader: PageReader,
        checkpoint: Checkpoint,
        settings: Settings,
        options: MediaOptions,
        say: Callable[[WorkerEvent], None],
        *,
        video_interval_seconds: float,
        told_to_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._area = area
        self._reader = reader
        self._engine = reader.engine
        self._checkpoint = checkpoint
        self._settings = settings
        self._options = options
        self._say = say
        self._told_to_stop = told_to_stop
        self._video_interval_seconds = video_interval_seconds
        self._pages_read = 0
        self._pages_rejected = 0
        self._media_rejected = 0

    def run(self) -> None:
        """Read every item that the checkpoint does not call finished."""
        try:
            for item, content in items_to_read(self._area):
                self._stop_if_told()
                self._read_item(item, content)
        except _Stopped:
            self._leave()
            return
        self._say(
            WorkerFinished(
                pages_read=self._pages_read,
                pages_rejected=self._pages_rejected,
                media_rejected=self._media_rejected,
                peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            )
        )

    def _stop_if_told(self) -> None:
        if self._told_to_stop():
            raise _Stopped

    def _leave(self) -> None:
        begun = self._checkpoint.progress.begun
        if begun is not None:  # a page of a video, of which nothing was read
            sha256, page_no = begun
            self._checkpoint.append(PageLeft(sha256=sha256, page_no=page_no))
        self._say(
            WorkerDrained(
                pages_read=self._pages_read,
                pages_rejected=self._pages_rejected,
                media_rejected=self._media_rejected,
            )
        )

    def _read_item(self, item: BatchItem, content: Content) -> None:
        uri = item.ref.uri
        progress = self._checkpoint.progress
        if content.sha256 in progress.finished_media:
            self._note_opened(item, content, progress.page_counts.get(content.sha256, 0))
            return
        name = name_of(uri)
        if not self._area.copy_of(content).exists():
            raise StagingError(
                f"The copy of {name} is not in the content store: it was loaded before, or cleaned up. "
                f"Clear the fetch task of this batch, not only ocr; if it is loaded already, start a run "
                f"that reads everything again."
            )
        try:
            done = (self._read_video if content.kind is Kind.VIDEO else self._read_pages)(item, name, content)
        except MediumError as error:
            # A fault of the whole medium: of its only page, or found before any page was asked for.
            self._reject(uri, content, error, page_no=None)
            done = MediumDone(sha256=content.sha256)
        self._checkpoint.append(done)
        pages = self._checkpoint.progress.page_counts.get(content.sha256, 0)
        self._say(ItemDone(item_no=item.item_no, uri=uri, page_count=pages))

    def _read_pages(self, item: BatchItem, name: str, content: Content) -> MediumDone:
        with self._open(name, content) as medium:
            share = item.share_of(medium.page_count)
            whole = medium.page_count if item.parts > 1 else None
            self._checkpoint.append(
                MediumOpened(sha256=content.sha256, page_count=len(share), whole_page_count=whole)
            )
            self._note_opened(item, content, len(share))
            for index in share:
                self._stop_if_told()
                self._read_page(item.ref.uri, name, content, medium, index + 1)
        return MediumDone(sha256=content.sha256)

    def _read_video(self, item: BatchItem, name: str, content: Content) -> MediumDone:
        from textmill.video_reading.checkpointed import CheckpointedVideo, PageRefused

        uri = item.ref.uri
        self._begin_opening(name, content)
        with CheckpointedVideo(
            item,
            content,
            self._area.copy_of(content),
            name=name,
            options=self._options,
            interval_seconds=self._video_interval_seconds,
            reader=self._reader,
            checkpoint=self._checkpoint,
            attempts=self._settings.page_attempts,
        ) as video:
            self._checkpoint.append(
                MediumOpened(sha256=content.sha256, page_count=None, duration_ms=video.duration_ms)
            )
            self._note_opened(item, content, None)
            for page in video.pages(
                lambda at_ms: self._say(StillReading(uri=uri, at_ms=at_ms, duration_ms=video.duration_ms)),
                self._stop_if_told,
            ):
                if isinstance(page, PageRefused):
                    self._reject(uri, content, page.error, page_no=page.page_no)
                else:
                    self._keep(uri, page, page_count=None)
            return MediumDone(
                sha256=content.sha256, page_count=video.page_count, duration_ms=video.duration_ms
            )

    def _begin_opening(self, name: str, content: Content) -> None:
        self._refuse_killers(content, _OPENING, f"{name}: the OCR process died or hung")
        self._checkpoint.append(PageStarted(sha256=content.sha256, page_no=_OPENING))

    def _open(self, name: str, content: Content) -> Medium:
        self._begin_opening(name, content)
        try:
            return open_medium(
                self._area.copy_of(content), content.kind, content.mime, name=name, options=self._options
            )
        except MemoryError as error:
            raise EngineFailed(
                f"{name}: opening it needs more memory than TEXTMILL_WORKER_MEMORY_MB allows.",
                detail=repr(error),
            ) from error

    def _refuse_killers(self, content: Content, page_no: int, complaint: str) -> None:
        deaths = self._checkpoint.progress.starts[content.sha256, page_no]
        if deaths >= self._settings.page_attempts:
            raise PageCrashedReader(
                f"{complaint} {deaths} times here (TEXTMILL_PAGE_ATTEMPTS), so this was left out.",
                page_no=page_no or None,
            )

    def _note_opened(self, item: BatchItem, content: Content, page_count: int | None) -> None:
        resumed = self._checkpoint.progress.finished_counts[content.sha256]
        self._say(
            ItemOpened(item_no=item.item_no, uri=item.ref.uri, page_count=page_count, pages_resumed=resumed)
        )

    def _read_page(self, uri: str, name: str, content: Content, medium: Medium, page_no: int) -> None:
        key = (content.sha256, page_no)
        progress = self._checkpoint.progress
        if key in progress.finished_pages:
            return
        try:
            self._refuse_killers(content, page_no, f"{name}, page {page_no}: the OCR process died or hung")
            self._checkpoint.append(PageStarted(sha256=content.sha256, page_no=page_no))
            started = time.monotonic()
            record = self._recognise(name, content.sha256, medium, page_no, started)
        except MediumError as error:
            if medium.page_count == 1 and error.page_no is None:
                raise
            self._reject(uri, content, error, page_no=page_no)
            return
        self._keep(uri, record, medium.page_count)

    def _keep(self, uri: str, record: PageRecord, page_count: int | None) -> None:
        self._checkpoint.append(PageRead(page=record))
        self._pages_read += 1
        self._say(
            PageDone(
                uri=uri,
                page_no=record.page_no,
                page_count=page_count,
                characters=len(record.text),
                confidence=record.confidence,
                milliseconds=record.milliseconds,
            )
        )

    def _recognise(self, name: str, sha256: str, medium: Medium, page_no: int, started: float) -> PageRecord:
        try:
            page = medium.page(page_no)
            if isinstance(page, WrittenPage):
                return written_record(sha256, page, _milliseconds_since(started))
            read = self._read_picture(name, page)
        except MemoryError as error:
            raise EngineFailed(
                f"{name}, page {page_no}: reading it needs more memory than "
                f"TEXTMILL_WORKER_MEMORY_MB allows.",
                page_no=page_no,
                detail=repr(error),
            ) from error
        return read_record(sha256, read, self._reader, _milliseconds_since(started))

    def _read_picture(self, name: str, page: PageImage) -> ReadPage:
        try:
            return self._reader.read(page)
        except MemoryError:
            raise
        except Exception as error:  # an engine may raise anything; one page must not end the batch
            raise EngineFailed(
                f"{name}, page {page.page_no}: {self._engine.name} failed on this page.",
                page_no=page.page_no,
                detail=repr(error),
            ) from error

    def _reject(self, uri: str, content: Content, error: MediumError, page_no: int | None) -> None:
        rejection = Rejection.of(error, uri=uri, sha256=content.sha256, stage=Stage.OCR, page_no=page_no)
        self._checkpoint.append(Rejected(rejection=rejection))
        if rejection.page_no is None:
            self._media_rejected += 1
        else:
            self._pages_rejected += 1
        self._say(
            ItemFailed(uri=uri, page_no=rejection.page_no, reason=rejection.reason, message=rejection.message)
        )


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)

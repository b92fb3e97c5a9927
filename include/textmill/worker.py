"""The OCR runtime: read one batch, page by page, and write each finished page to the checkpoint.

Started by the operator as `python -m textmill.worker BATCH_URI PARENT_PID` in the OCR environment, one
process per batch, so that a crash, a leak or a kill takes one batch's process and nothing else. Standard
output carries one JSON event per line (`textmill.events`) and nothing more; whatever libraries print goes to
standard error.
A second start on the same batch continues behind the last finished page.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from textmill.checkpoint import Checkpoint
from textmill.engines.protocol import fingerprint
from textmill.errors import (
    EngineFailed,
    MediumError,
    PageCrashedReader,
    SettingsError,
    StagingError,
    TextmillError,
)
from textmill.events import (
    ItemDone,
    ItemFailed,
    ItemOpened,
    PageDone,
    StillReading,
    WorkerEvent,
    WorkerFinished,
    WorkerReady,
    WorkerUnable,
)
from textmill.lifeline import die_with_parent
from textmill.loading_notes import LoadingNotes
from textmill.media import MediaOptions, Medium, media_options, open_medium
from textmill.page import PageImage, WrittenPage
from textmill.page_records import read_record, written_record
from textmill.reading.page_reader import PageReader, ReadPage, create_reader
from textmill.records import (
    BatchItem,
    Content,
    Kind,
    MediumDone,
    MediumOpened,
    OcrRequest,
    PageRead,
    PageRecord,
    PageStarted,
    Rejected,
    Rejection,
    Stage,
)
from textmill.settings import Settings
from textmill.settings import load as load_settings
from textmill.staging import BatchArea, items_to_read, name_of, path_of

_OPENING = 0
"""Stands in the checkpoint for opening a medium, before any page."""


class BatchReader:
    """Reads the items of one batch with one engine."""

    def __init__(
        self,
        area: BatchArea,
        reader: PageReader,
        checkpoint: Checkpoint,
        settings: Settings,
        options: MediaOptions,
        out: TextIO,
        *,
        loading: LoadingNotes,
        video_interval_seconds: float,
    ) -> None:
        self._area = area
        self._reader = reader
        self._engine = reader.engine
        self._checkpoint = checkpoint
        self._settings = settings
        self._options = options
        self._out = out
        self._loading = loading
        self._video_interval_seconds = video_interval_seconds
        self._pages_read = 0
        self._pages_rejected = 0
        self._media_rejected = 0

    def run(self) -> None:
        """Read every item that the checkpoint does not call finished."""
        resumed = len(self._checkpoint.progress.finished_pages)
        self._say(
            WorkerReady(
                engine=self._engine.name,
                fingerprint=self._reader.fingerprint,
                pages_resumed=resumed,
                notes=self._loading.notes,
                warnings=self._loading.warnings,
            )
        )
        for item, content in items_to_read(self._area):
            self._read_item(item, content)
        self._say(
            WorkerFinished(
                pages_read=self._pages_read,
                pages_rejected=self._pages_rejected,
                media_rejected=self._media_rejected,
                peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            )
        )

    def _read_item(self, item: BatchItem, content: Content) -> None:
        uri = item.ref.uri
        progress = self._checkpoint.progress
        if content.sha256 in progress.finished_media:
            self._note_opened(item, content, progress.page_counts.get(content.sha256, 0))
            return
        name = name_of(uri)
        if not path_of(content.path).exists():
            raise StagingError(
                f"The copy of {name} is not in the content store: it was loaded before, or cleaned up. "
                f"Clear the fetch task of this batch, not only ocr; run with force if it is loaded already."
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
            self._checkpoint.append(MediumOpened(sha256=content.sha256, page_count=medium.page_count))
            self._note_opened(item, content, medium.page_count)
            for page_no in range(1, medium.page_count + 1):
                self._read_page(item.ref.uri, name, content, medium, page_no)
        return MediumDone(sha256=content.sha256)

    def _read_video(self, item: BatchItem, name: str, content: Content) -> MediumDone:
        from textmill.video_reading.checkpointed import CheckpointedVideo, PageRefused

        uri = item.ref.uri
        self._begin_opening(name, content)
        with CheckpointedVideo(
            content,
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
                lambda at_ms: self._say(StillReading(uri=uri, at_ms=at_ms, duration_ms=video.duration_ms))
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
                path_of(content.path), content.kind, content.mime, name=name, options=self._options
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

    def _say(self, event: WorkerEvent) -> None:
        self._out.write(event.model_dump_json() + "\n")
        self._out.flush()


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


@contextmanager
def events_only_stdout() -> Iterator[TextIO]:
    """Yield the real standard output and send everything else that is printed to standard error.

    Also what C libraries write to descriptor 1.
    """
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        yield out


def limit_memory(settings: Settings) -> None:
    """Bound the address space: a hostile page fails with MemoryError instead of starving the machine."""
    pages_mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    now = pages_mapped * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + settings.worker_memory_mb * 1024**2,) * 2)


def read_batch(area: BatchArea, settings: Settings, out: TextIO) -> None:
    """Read the batch at `area` with the engine that its request names."""
    request = OcrRequest.model_validate_json(area.request.read_text(encoding="utf-8"))
    options = media_options(
        settings,
        dpi=request.dpi,
        text_layer=request.text_layer,
        animation_frames=request.animation_frames,
        languages=request.languages,
    )
    with LoadingNotes() as loading:
        reader = _reader_for(request, settings)
    limit_memory(settings)
    key = fingerprint(
        reader=reader.fingerprint,
        request=request.model_dump(mode="json"),
        # Besides the reader, these decide what a page looks like.
        page_pixel_budget=settings.page_pixel_budget,
    )
    with Checkpoint(area.checkpoint, key) as checkpoint:
        BatchReader(
            area,
            reader,
            checkpoint,
            settings,
            options,
            out,
            loading=loading,
            video_interval_seconds=request.video_interval_seconds,
        ).run()


def _reader_for(request: OcrRequest, settings: Settings) -> PageReader:
    try:
        return create_reader(
            settings,
            engine=request.engine,
            languages=request.languages,
            preprocessing=request.preprocessing,
            second_opinion=request.second_opinion,
        )
    except ValueError as error:  # a name that nobody knows
        raise SettingsError(str(error)) from error


def main() -> None:
    """Entry point; the arguments are the URI of the batch and the process id of whoever waits for it."""
    die_with_parent(int(sys.argv[2]))
    with events_only_stdout() as out:
        try:
            read_batch(BatchArea.at(sys.argv[1]), load_settings(), out)
        except TextmillError as error:
            out.write(WorkerUnable(message=str(error)).model_dump_json() + "\n")
            raise


if __name__ == "__main__":
    main()

"""The operator that reads a batch in the OCR runtime."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from textmill.errors import CannotRead, ModelsMissing
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
from textmill.ocr_requests import ocr_request
from textmill.records import MediaRef
from textmill.settings import Settings
from textmill.staging import BatchArea, items_to_read, write_text
from textmill_airflow.context import settings, staging_access, warehouse
from textmill_airflow.ocr_process import OcrProcess, OcrProcessDied, OcrProcessHung

if TYPE_CHECKING:
    from airflow.sdk import Context
    from sqlalchemy import Engine

    from textmill.staging_access import StagedBatch

_PROGRESS_SECONDS = 1.0
_LONGEST_NAME = 64
"""What the books hold of the name of an engine of one's own."""


class BatchProgress:
    """Counts a batch's pages while they are read, and writes the figures into the warehouse now and then.

    Figures are for people who watch: when the warehouse is away, reading goes on without them.
    """

    def __init__(
        self, engine: Engine, log: Any, run_id: str, batch_no: int, expected: dict[int, int]
    ) -> None:
        self._engine = engine
        self._log = log
        self._run_id = run_id
        self._batch_no = batch_no
        self._expected = expected
        self._done = 0
        self._written_at = 0.0

    def start_over(self) -> None:
        """Forget what was done: the next process tells what it finds finished."""
        self._done = 0

    def note(self, event: WorkerEvent) -> None:
        """Take an event in."""
        match event:
            case ItemOpened():
                if event.page_count is not None:  # else the planner's guess stands until the item is done
                    self._expected[event.item_no] = event.page_count
                self._done += event.pages_resumed
            case WorkerReady():
                self.write(engine=event.engine[:_LONGEST_NAME], device=event.device)
            case PageDone():
                self._done += 1
            case ItemFailed() if event.page_no is not None:
                self._done += 1
            case ItemDone():
                self._expected[event.item_no] = event.page_count
            case _:
                pass
        if time.monotonic() - self._written_at >= _PROGRESS_SECONDS:
            self.write()

    def write(self, **more: Any) -> None:
        """Write the figures, and whatever else is to be said of the batch."""
        from sqlalchemy.exc import SQLAlchemyError

        from textmill.warehouse.runs import note_batch

        self._written_at = time.monotonic()
        figures = {"pages_total": sum(self._expected.values()), "pages_done": self._done}
        try:
            with self._engine.begin() as connection:
                note_batch(connection, self._run_id, self._batch_no, **figures, **more)
        except SQLAlchemyError as error:
            self._log.warning("Progress could not be written: %s", type(error).__name__)


class OcrBatchOperator(BaseOperator):
    """Reads the fetched items of a batch, page by page, in a process of the OCR runtime.

    Each finished page is in the batch's checkpoint before the next one begins, so a retry continues where
    the last attempt stopped. Returns the batch's URI.

    :param batch_uri: the batch, as fetch returned it.
    :param wishes: what to do with the batch, by the names of `textmill.records.OcrRequest`; or a template
        that renders to a JSON object with them. Names that are none of its own are passed over. The profile
        of the batch goes before them.
    """

    template_fields: Sequence[str] = ("batch_uri", "wishes")
    ui_color = "#d5e8d4"

    def __init__(self, *, batch_uri: str, wishes: Mapping[str, Any] | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch_uri = batch_uri
        self.wishes = wishes
        self._process: OcrProcess | None = None
        self._killed = False
        self._names: dict[str, str] = {}

    def execute(self, context: Context) -> str:
        """Run the OCR process and write the finished pages as a table."""
        die_with_parent(os.getppid())
        with staging_access().of_batch(self.batch_uri) as batch:
            self._read_batch(batch, str(context["run_id"]))
        return self.batch_uri

    def _read_batch(self, batch: StagedBatch, run_id: str) -> None:
        from textmill.checkpoint import read_pages
        from textmill.page_table import write_pages

        area = batch.area
        to_read = list(items_to_read(area))
        if to_read:
            self._names = {item.ref.uri: _name_in_log(item.ref) for item, _ in to_read}
            expected = {item.item_no: item.estimated_pages for item, _ in to_read}
            self._write_request(area)
            with warehouse() as engine:
                progress = BatchProgress(engine, self.log, run_id, area.batch_no, expected)
                self._read(area, progress)
        pages = read_pages(area.checkpoint) if area.checkpoint.exists() else iter(())
        # Fetching again may have found other content: what is not to be read any more is not handed on.
        wanted = {content.sha256 for _, content in to_read}
        count = write_pages(area.pages, (page for page in pages if page.sha256 in wanted))
        self.log.info("%d pages are read", count)

    def on_kill(self) -> None:
        """End the OCR process at once."""
        self._killed = True
        if self._process is not None:
            self._process.kill()

    def _write_request(self, area: BatchArea) -> None:
        wishes = json.loads(self.wishes) if isinstance(self.wishes, str) else self.wishes
        write_text(area.request, ocr_request(wishes, area.read_profile()).model_dump_json())

    def _read(self, area: BatchArea, progress: BatchProgress) -> None:
        from textmill.checkpoint import read_progress
        from textmill.warehouse.connection import utc_now

        progress.write(state="reading", ocr_started_at=utc_now())
        core = settings()
        if not core.ocr_python.exists():
            raise ModelsMissing(
                f"There is no OCR environment at {core.ocr_python} (TEXTMILL_OCR_PYTHON). Run `make setup`."
            )
        deaths = 0
        while True:
            pages_before = read_progress(area.checkpoint).pages_read
            try:
                self._run_process(area, core, progress)
                break
            except (OcrProcessDied, OcrProcessHung) as error:
                # A page may kill its reader, and the next page too. A reader that keeps dying without
                # having read anything is no page's fault: that is for Airflow's retries.
                deaths = 0 if read_progress(area.checkpoint).pages_read > pages_before else deaths + 1
                if self._killed or deaths > core.page_attempts:
                    raise
                self.log.warning("%s Starting it again.", error)
        progress.write(state="read", ocr_finished_at=utc_now())

    def _run_process(self, area: BatchArea, core: Settings, progress: BatchProgress) -> None:
        progress.start_over()
        with OcrProcess(area.uri, core) as self._process:
            self.log.info("OCR process %d reads %s", self._process.pid, area.uri)
            for event in self._process.events():
                self._tell(event)
                progress.note(event)

    def _tell(self, event: WorkerEvent) -> None:
        match event:
            case WorkerUnable():
                raise CannotRead(event.message)
            case WorkerReady():
                self.log.info(
                    "%s %s is loaded (%s); %d pages were finished before",
                    event.engine,
                    event.fingerprint,
                    event.device,
                    event.pages_resumed,
                )
                for note in event.notes:
                    self.log.info("%s", note)
                for warning in event.warnings:
                    self.log.warning("%s", warning)
            case PageDone():
                self.log.info(
                    "%s page %d of %s: %d characters, confidence %.3f, %d ms",
                    self._names.get(event.uri),
                    event.page_no,
                    event.page_count or "?",
                    event.characters,
                    event.confidence or 0.0,
                    event.milliseconds,
                )
            case StillReading():
                total = f" of {event.duration_ms / 1000:.0f}" if event.duration_ms else ""
                self.log.info(
                    "%s: %.0f%s s are looked at", self._names.get(event.uri), event.at_ms / 1000, total
                )
            case ItemFailed():
                self.log.warning("Quarantined (%s): %s", event.reason, event.message)
            case WorkerFinished():
                self.log.info(
                    "Batch finished: %d pages read, %d pages and %d media refused, peak memory %d MiB",
                    event.pages_read,
                    event.pages_rejected,
                    event.media_rejected,
                    event.peak_memory_mb,
                )
            case _:
                pass


def _name_in_log(ref: MediaRef) -> str:
    """Return the address of a medium; of a URL without its query, which may hold a signature."""
    from textmill.fetching.http.naming import shown
    from textmill.web_addresses import is_web

    if not is_web(ref.uri):
        return ref.uri
    return f"{ref.filename} ({shown(ref.uri)})" if ref.filename else shown(ref.uri)

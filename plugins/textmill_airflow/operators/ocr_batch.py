"""The operator that reads a batch in the OCR runtime."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowRescheduleException

from textmill.errors import CannotRead, ModelsMissing
from textmill.events import (
    ItemFailed,
    PageDone,
    StillReading,
    WorkerDrained,
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
from textmill_airflow.batch_progress import BatchProgress
from textmill_airflow.context import settings, staging_access, warehouse
from textmill_airflow.drain_file import DrainFile
from textmill_airflow.ocr_process import OcrProcess, OcrProcessDied, OcrProcessHung, OcrProcessLeft

if TYPE_CHECKING:
    from airflow.sdk import Context

    from textmill.checkpoint import Progress
    from textmill.records import BatchItem, Content
    from textmill.staging import CheckpointPublisher
    from textmill.staging_access import StagedBatch

_AWAY_SECONDS = 15.0
"""So long a drained task stays away: its worker and its executor have to learn first that it has ended, or
they might take the end of this start for that of the next."""


class _Drained(Exception):
    """The OCR process was told to stop, and did."""


class OcrBatchOperator(BaseOperator):
    """Reads the fetched items of a batch, page by page, in a process of the OCR runtime.

    Each finished page is in the batch's checkpoint before the next one begins, so a retry continues where
    the last attempt stopped. Returns the batch's URI.

    Where the machine is to be stopped (`TEXTMILL_DRAIN_FILE`), the task ends after the page at hand and is
    rescheduled: it goes on soon, on a machine that stays, and uses up no retry.

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
        self._drain_file = DrainFile(None)
        self._names: dict[str, str] = {}

    def execute(self, context: Context) -> str:
        """Run the OCR process and write the finished pages as a table."""
        die_with_parent(os.getppid())
        self._drain_file = DrainFile(settings().drain_file)
        if self._drain_file.is_ordered():
            self._go_on_elsewhere()
        with staging_access().of_batch(self.batch_uri) as batch:
            self._read_batch(batch, str(context["run_id"]))
        return self.batch_uri

    def _go_on_elsewhere(self) -> NoReturn:
        self.log.warning(
            "This machine is to be stopped (%s is there): the batch is read on elsewhere.", self._drain_file
        )
        at = datetime.now(UTC) + timedelta(seconds=_AWAY_SECONDS)
        raise AirflowRescheduleException(at)  # type: ignore[no-untyped-call]

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
                self._read(batch, to_read, progress)
        pages = read_pages(area.checkpoint) if area.checkpoint.exists() else iter(())
        # Fetching again may have found other content: what is not to be read any more is not handed on.
        wanted = {content.sha256 for _, content in to_read}
        count = write_pages(area.pages, (page for page in pages if page.sha256 in wanted))
        self.log.info("%d pages are read", count)

    def on_kill(self) -> None:
        """End the OCR process at once.

        Unless this machine is to be stopped: then the signal says the same as the drain file, and the process
        ends after the page at hand. Where a person wants the task to end, Airflow kills it 5 s later.
        """
        if self._drain_file.is_ordered():
            return
        self._killed = True
        if self._process is not None:
            self._process.kill()

    def _write_request(self, area: BatchArea) -> None:
        wishes = json.loads(self.wishes) if isinstance(self.wishes, str) else self.wishes
        write_text(area.request, ocr_request(wishes, area.read_profile()).model_dump_json())

    def _read(
        self, batch: StagedBatch, to_read: list[tuple[BatchItem, Content]], progress: BatchProgress
    ) -> None:
        from textmill.checkpoint import read_progress
        from textmill.warehouse.connection import utc_now

        progress.write(state="reading", ocr_started_at=utc_now())
        core = settings()
        if not core.ocr_python.exists():
            raise ModelsMissing(
                f"There is no OCR environment at {core.ocr_python} (TEXTMILL_OCR_PYTHON). Run `make setup`."
            )
        finished = read_progress(batch.area.checkpoint).finished_media
        batch.staging.bring_copies(content for _, content in to_read if content.sha256 not in finished)
        with batch.staging.checkpoint_publisher(batch.area) as publisher:
            try:
                self._read_to_the_end(batch.area, core, progress, publisher)
            except _Drained:
                progress.write(state="fetched")
                self._go_on_elsewhere()
        progress.write(state="read", ocr_finished_at=utc_now())

    def _read_to_the_end(
        self, area: BatchArea, core: Settings, progress: BatchProgress, publisher: CheckpointPublisher
    ) -> None:
        """Run OCR processes until one has finished the batch. Raises _Drained when it was told to stop."""
        from textmill.checkpoint import leave_page, read_progress

        deaths = 0
        while True:
            before = read_progress(area.checkpoint)
            try:
                self._run_process(area, core, progress, publisher)
                return
            except OcrProcessLeft as left:
                self.log.warning("%s", left)
                leave_page(area.checkpoint, before)
                raise _Drained from left
            except (OcrProcessDied, OcrProcessHung) as error:
                deaths = self._count_deaths(deaths, before, read_progress(area.checkpoint))
                if self._killed or deaths > core.page_attempts:
                    raise
                if self._drain_file.is_ordered():
                    self.log.warning("%s", error)
                    raise _Drained from error
                self.log.warning("%s Starting it again.", error)

    def _count_deaths(self, deaths: int, before: Progress, after: Progress) -> int:
        """Return how many processes died in a row.

        A page may kill its reader, and the next page too. A reader that keeps dying without having read
        anything is no page's fault: that is for Airflow's retries.
        """
        return 0 if after.pages_read > before.pages_read else deaths + 1

    def _run_process(
        self, area: BatchArea, core: Settings, progress: BatchProgress, publisher: CheckpointPublisher
    ) -> None:
        progress.start_over()
        with OcrProcess(area.uri, core, self._drain_file.is_ordered) as self._process:
            self.log.info("OCR process %d reads %s", self._process.pid, area.uri)
            drained = False
            for event in self._process.events():
                publisher.note_progress()
                self._tell(event)
                progress.note(event)
                drained = isinstance(event, WorkerDrained)
        if drained:
            raise _Drained

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
            case WorkerDrained():
                self.log.info(
                    "Told to stop, the OCR process has ended: %d pages read, %d pages and %d media refused",
                    event.pages_read,
                    event.pages_rejected,
                    event.media_rejected,
                )
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

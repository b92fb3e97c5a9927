"""The OCR runtime: read one batch, page by page, and write each finished page to the checkpoint.

Started by the operator as `python -m textmill.worker BATCH_URI PARENT_PID` in the OCR environment, one
process per batch, so that a crash, a leak or a kill takes one batch's process and nothing else. Standard
output carries one JSON event per line (`textmill.events`) and nothing more; whatever libraries print goes to
standard error.
A second start on the same batch continues behind the last finished page. SIGTERM has the process end after
the page at hand (`WorkerDrained`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

from textmill.batch_reader import BatchReader
from textmill.checkpoint import Checkpoint
from textmill.clean_stdout import clean_stdout
from textmill.engines.device import device_in_use
from textmill.engines.protocol import engine_options
from textmill.errors import TextmillError
from textmill.events import WorkerEvent, WorkerReady, WorkerUnable
from textmill.fingerprints import fingerprint
from textmill.lifeline import die_with_parent
from textmill.loading_notes import LoadingNotes
from textmill.memory_limit import limit_memory
from textmill.records import OcrRequest
from textmill.requested_reader import requested_options, requested_reader
from textmill.settings import Settings
from textmill.settings import load as load_settings
from textmill.staging import BatchArea
from textmill.stop_order import StopOrder

Say = Callable[[WorkerEvent], None]


def teller(out: TextIO) -> Say:
    """Return what writes an event to `out` at once."""

    def say(event: WorkerEvent) -> None:
        out.write(event.model_dump_json() + "\n")
        out.flush()

    return say


def read_batch(area: BatchArea, settings: Settings, say: Say, told_to_stop: Callable[[], bool]) -> None:
    """Read the batch at `area` with the engine that its request names, unless told to stop."""
    request = OcrRequest.model_validate_json(area.request.read_text(encoding="utf-8"))
    options = requested_options(request, settings)
    with LoadingNotes() as loading:
        reader = requested_reader(request, settings)
    device = device_in_use(request.engine, engine_options(settings, request.languages))
    limit_memory(settings)
    key = fingerprint(
        reader=reader.fingerprint,
        request=request.model_dump(mode="json"),
        # Besides the reader, these decide what a page looks like.
        page_pixel_budget=settings.page_pixel_budget,
    )
    with Checkpoint(area.checkpoint, key) as checkpoint:
        say(
            WorkerReady(
                engine=reader.engine.name,
                device=device,
                fingerprint=reader.fingerprint,
                pages_resumed=len(checkpoint.progress.finished_pages),
                notes=loading.notes,
                warnings=loading.warnings,
            )
        )
        BatchReader(
            area,
            reader,
            checkpoint,
            settings,
            options,
            say,
            video_interval_seconds=request.video_interval_seconds,
            told_to_stop=told_to_stop,
        ).run()


def main() -> None:
    """Entry point; the arguments are the URI of the batch and the process id of whoever waits for it."""
    die_with_parent(int(sys.argv[2]))
    told_to_stop = StopOrder()
    told_to_stop.listen()
    with clean_stdout() as out:
        say = teller(out)
        try:
            read_batch(BatchArea.at(sys.argv[1]), load_settings(), say, told_to_stop)
        except TextmillError as error:
            say(WorkerUnable(message=str(error)))
            raise


if __name__ == "__main__":
    main()

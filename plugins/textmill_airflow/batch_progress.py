"""The figures of a batch while it is read, for people who watch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from textmill.events import ItemDone, ItemFailed, ItemOpened, PageDone, WorkerEvent, WorkerReady

if TYPE_CHECKING:
    from sqlalchemy import Engine

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

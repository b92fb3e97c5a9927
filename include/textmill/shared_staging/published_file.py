"""Send a small file again and again while it grows."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType

from textmill.errors import StoreUnavailable

LOG = logging.getLogger(__name__)


class PublishedFile:
    """Sends a file as a whole, at most each so many seconds. Satisfies `CheckpointPublisher`.

    What is not sent when the block is left is left to whoever sends all files of the batch.

    Args:
        send: sends the file; raises StoreUnavailable.
        seconds: longest time for which what was noted is only here, but for the time that sending takes.
    """

    def __init__(self, send: Callable[[], None], seconds: float) -> None:
        self._send = send
        self._seconds = seconds
        self._grown = Event()
        self._ended = Event()
        self._thread = Thread(target=self._run, name="published-file", daemon=True)

    def __enter__(self) -> PublishedFile:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._grown.set()
        self._thread.join()

    def note_progress(self) -> None:
        """Take note that something was appended."""
        self._grown.set()

    def _run(self) -> None:
        while True:
            self._grown.wait()
            # So that what is appended together is sent together.
            if self._ended.wait(self._seconds):
                return
            self._grown.clear()
            try:
                self._send()
            except StoreUnavailable as error:  # sent again with the next, or with all files at the end
                LOG.warning("%s", error)
                self._grown.set()

"""Run the OCR runtime as a child process and follow what it says.

The child gets a clean environment (no Airflow settings, no secrets), its own session, no standard input, and
the kernel's promise to die with this process.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO

from textmill.errors import TextmillError
from textmill.events import EVENTS, WorkerDrained, WorkerEvent, WorkerFinished
from textmill.ocr_environment import child_environment
from textmill.settings import Settings

_START_SECONDS = 120.0
_EXIT_SECONDS = 10.0
_LAST_WORDS = 20
_LOOK_SECONDS = 1.0
"""How long an order to drain may go unnoticed while nothing is said."""


class OcrProcessDied(TextmillError):
    """The OCR process ended before its batch was read; a retry continues behind the last finished page."""


class OcrProcessLeft(TextmillError):
    """The OCR process was told to stop, and ended without having finished the page at hand."""


class OcrProcessHung(TextmillError):
    """The OCR process said nothing for longer than a page may take and was killed."""


class OcrProcess:
    """One run of `textmill.worker` on a batch. Use as a context manager; leaving it kills the child.

    Args:
        is_draining: whether the child is to end after the page at hand; asked about once a second.
    """

    def __init__(
        self, batch_uri: str, settings: Settings, is_draining: Callable[[], bool] = lambda: False
    ) -> None:
        self._settings = settings
        self._is_draining = is_draining
        self._told_to_stop_at: float | None = None
        self._child = subprocess.Popen(
            [str(settings.ocr_python.absolute()), "-m", "textmill.worker", batch_uri, str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=child_environment(os.environ, settings),
            start_new_session=True,
        )
        self._said: queue.Queue[bytes | None] = queue.Queue()
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._readers = [
            threading.Thread(target=self._follow_events, args=(self._child.stdout,), daemon=True),
            threading.Thread(target=self._follow_complaints, args=(self._child.stderr,), daemon=True),
        ]

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def __enter__(self) -> OcrProcess:
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """End the child and whatever it started, also when it has ended itself. Safe to repeat."""
        # The group's number cannot have been given away: the child leads it and is collected below.
        if self._child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()

    def events(self) -> Iterator[WorkerEvent]:
        """Yield what the child says until it has finished its batch, or is drained.

        Raises:
            OcrProcessLeft: it was told to stop, and ended in the middle of a page or before the first one.
            OcrProcessHung: nothing was said for longer than a page may take.
            OcrProcessDied: the child ended without having finished.
        """
        finished = False
        patience = _START_SECONDS + self._settings.page_timeout_seconds
        while (line := self._next_line(patience)) is not None:
            event = EVENTS.validate_json(line)
            finished = isinstance(event, WorkerFinished | WorkerDrained)
            # Drawing and reading are each bounded; a page may take both, plus loading for the first one.
            patience = 2 * self._settings.page_timeout_seconds
            yield event
        status = self._exit_status()
        if (
            not finished
            and self._told_to_stop_at is not None
            and status in (-signal.SIGTERM, -signal.SIGKILL)
        ):
            raise OcrProcessLeft("The OCR process was ended before it could finish the page at hand.")
        if not finished or status != 0:
            raise OcrProcessDied(
                f"The OCR process {_describe_exit(status)} before its batch was read. A retry continues "
                f"behind the last finished page. Its last words: {' | '.join(self._last_words) or '(none)'}"
            )

    def _exit_status(self) -> int:
        """Wait for the child without collecting it: its group keeps its number until `kill`."""
        deadline = time.monotonic() + _EXIT_SECONDS
        while time.monotonic() < deadline:
            ended = os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is not None:
                return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
            time.sleep(0.01)
        raise OcrProcessHung("The OCR process closed its output but did not end, and was killed.")

    def _next_line(self, patience: float) -> bytes | None:
        deadline = time.monotonic() + patience
        while (now := time.monotonic()) < deadline:
            self._drain()
            with suppress(queue.Empty):
                return self._said.get(timeout=min(_LOOK_SECONDS, deadline - now))
        self.kill()
        raise OcrProcessHung(
            f"The OCR process said nothing for {patience:g} s (TEXTMILL_PAGE_TIMEOUT_SECONDS is "
            f"{self._settings.page_timeout_seconds:g}) and was killed. A retry tries the page once more, "
            f"then leaves it out."
        )

    def _drain(self) -> None:
        """Tell the child to stop once that is ordered, and end it when it takes too long."""
        if self._told_to_stop_at is None:
            if self._is_draining():
                self._told_to_stop_at = time.monotonic()
                # To it alone: what it has started is at work on the page at hand.
                with suppress(ProcessLookupError):
                    os.kill(self._child.pid, signal.SIGTERM)
        elif time.monotonic() - self._told_to_stop_at > self._settings.drain_seconds:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    def _follow_events(self, stdout: IO[bytes]) -> None:
        for line in stdout:
            if line.endswith(b"\n"):  # else it died in the middle of a word
                self._said.put(line)
        self._said.put(None)

    def _follow_complaints(self, stderr: IO[bytes]) -> None:
        for line in stderr:
            text = line.decode(errors="replace").rstrip()
            if text:
                self._last_words.append(text)


def _describe_exit(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"

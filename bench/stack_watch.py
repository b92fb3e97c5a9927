"""Watch the processes of a stack during a run: what memory the OCR takes, and who uses the processor."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

from bench.process_memory import peak_memory_mb

OCR = "OCR processes"
TASKS = "tasks"

_LOOK_SECONDS = 1.0
_SERVICES = {
    "textmill.worker": OCR,
    "api_server": "api-server",
    "api-server": "api-server",
    "dag-processor": "dag-processor",
    "mariadbd": "MariaDB",
    "postgres": "PostgreSQL",
    "supervisord": "supervisor",
    "airflow scheduler": "scheduler",
}
"""Words on a command line, and whose process that is."""


@dataclass
class Usage:
    """Processor seconds of one process when it was first and last seen."""

    service: str
    first: float
    last: float


class StackWatch:
    """Looks at all processes of a stack once a second. A context manager.

    `mark` is the variable that names the state folder in the environment of each of its processes.

    What a process does in the last second of its life is not seen; tasks and short programs are counted a
    little too low.
    """

    def __init__(self, state: Path, mark: str) -> None:
        self._mark = f"{mark}={state}".encode()
        self._cluster = str(state / "postgres" / "data")
        self._usage: dict[int, Usage] = {}
        self._strangers: set[int] = set()
        self._peaks: dict[int, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def peak_memory_mb(self) -> list[int]:
        """The most memory each OCR process has held in MiB, the largest first."""
        return sorted(self._peaks.values(), reverse=True)

    @property
    def cpu_seconds(self) -> dict[str, float]:
        """Processor seconds by service, the largest first."""
        sums: dict[str, float] = {}
        for usage in self._usage.values():
            sums[usage.service] = sums.get(usage.service, 0.0) + usage.last - usage.first
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    def __enter__(self) -> StackWatch:
        self._look(starting=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self._look()

    def _look(self, *, starting: bool = False) -> None:
        for process in psutil.process_iter():
            if process.pid in self._strangers:
                continue
            try:
                if process.pid in self._usage or self._is_ours(process):
                    self._note(process, starting)
                else:
                    self._strangers.add(process.pid)
            except (psutil.Error, OSError):
                continue  # It ended meanwhile.

    def _note(self, process: psutil.Process, starting: bool) -> None:
        service = service_of(" ".join(process.cmdline()))
        times = process.cpu_times()
        seconds = times.user + times.system
        if service == OCR:
            # The programs that draw PDF pages for it.
            seconds += times.children_user + times.children_system
            peak = peak_memory_mb(process.pid)
            self._peaks[process.pid] = max(self._peaks.get(process.pid, 0), peak)
        usage = self._usage.setdefault(process.pid, Usage(service, seconds if starting else 0.0, seconds))
        # A child is a copy of its parent until it starts its own program.
        usage.service, usage.last = service, max(usage.last, seconds)

    def _is_ours(self, process: psutil.Process) -> bool:
        """By the mark in the environment; PostgreSQL overwrites that and is known by its folder."""
        folder = Path("/proc", str(process.pid))
        marks = (folder / "environ").read_bytes().split(b"\0")
        return self._mark in marks or str((folder / "cwd").readlink()) == self._cluster


def service_of(command_line: str) -> str:
    """Whose process this is, by its command line or title."""
    return next((service for words, service in _SERVICES.items() if words in command_line), TASKS)

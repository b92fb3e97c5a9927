"""How much memory a process and all that it started hold together, while something goes on."""

from __future__ import annotations

import threading
from contextlib import suppress
from types import TracebackType

import psutil

_LOOK_SECONDS = 0.25


def tree_memory_mb(pid: int) -> int:
    """Return the proportional set size of a process and its descendants in MiB; 0 once it is gone.

    Pages that several processes share are counted once, divided among them (proc(5), smaps).
    """
    held = 0
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                held += process.memory_full_info().pss
    return round(held / 1024**2)


class TreeMemoryWatch:
    """Looks at a process tree several times a second within a `with` block.

    Attributes:
        peak_mb: the most that was seen; what is held for less than a quarter of a second may be missed.
    """

    def __init__(self, pid: int) -> None:
        self.peak_mb = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> TreeMemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, tree_memory_mb(self._pid))
            if self._over.wait(_LOOK_SECONDS):
                return

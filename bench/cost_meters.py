"""What a process spends on some work, told by something steadier than a clock on the wall."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import psutil

INSTRUCTIONS = "instructions:u"
"""What a processor executes in user space; virtual machines often do not let anybody count it."""
_ATTACH_SECONDS = 10.0


class MeterFailed(Exception):
    """Nothing could be counted; the message says why."""


class Meter(Protocol):
    """Counts what a process and all that it started spend.

    Attributes:
        name: of the measure, in words.
        tolerance: share by which two measurements of the same work may differ.
    """

    name: str
    tolerance: float

    def cost(self, pid: int, work: Callable[[], object]) -> float:
        """Return what the process tree of `pid` spends while `work` goes on."""
        ...


class ProcessorTime:
    """Seconds of processor time, user and system.

    Others on the machine take time from a process but hardly change how much of it the process needs; what
    they do to caches and clock rates is in every measurement alike, so that ratios hold.
    """

    name = "processor time"
    tolerance = 0.15

    def cost(self, pid: int, work: Callable[[], object]) -> float:
        """See `Meter`."""
        before = _processor_seconds(pid)
        work()
        return _processor_seconds(pid) - before


class PerfEvents:
    """An event of the kernel's counters, counted by `perf stat`.

    Args:
        event: as `perf list` names it.
    """

    tolerance = 0.05

    def __init__(self, event: str = INSTRUCTIONS) -> None:
        self.name = event
        self._event = event

    def works(self) -> bool:
        """Tell whether perf is there and may count the event on this machine."""
        if shutil.which("perf") is None:
            return False
        done = subprocess.run([*self._command(), "true"], capture_output=True, text=True)
        with suppress(MeterFailed):
            return done.returncode == 0 and count_of(done.stderr) > 0
        return False

    def cost(self, pid: int, work: Callable[[], object]) -> float:
        """See `Meter`; raises MeterFailed when perf does not count."""
        pids = ",".join(str(process.pid) for process in _tree(pid))
        perf = subprocess.Popen([*self._command(), "-p", pids], stderr=subprocess.PIPE, text=True)
        try:
            _wait_until_attached(perf)
            work()
        finally:
            perf.send_signal(signal.SIGINT)
            _, told = perf.communicate()
        return count_of(told)

    def _command(self) -> list[str]:
        return ["perf", "stat", "-x", ",", "-e", self._event]


def best_meter() -> Meter:
    """Return instruction counts where they can be had, else processor time."""
    instructions = PerfEvents()
    return instructions if instructions.works() else ProcessorTime()


def count_of(told: str) -> float:
    """Return the count in what `perf stat -x ,` says: the first field of the line of the event.

    Raises:
        MeterFailed: it says that the event was not counted.
    """
    for line in told.splitlines():
        fields = line.split(",")
        with suppress(ValueError):
            return float(fields[0])
    raise MeterFailed(f"perf counted nothing: {told.strip() or 'it said nothing'}")


def _wait_until_attached(perf: subprocess.Popen[str]) -> None:
    """Wait until perf sleeps, which it does once its counters run."""
    deadline = time.monotonic() + _ATTACH_SECONDS
    process = psutil.Process(perf.pid)
    while time.monotonic() < deadline and perf.poll() is None:
        time.sleep(0.1)
        if process.status() == psutil.STATUS_SLEEPING and "perf" in process.name():
            return


def _tree(pid: int) -> Sequence[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def _processor_seconds(pid: int) -> float:
    """Of a process tree, with children that are gone by now and were waited for."""
    seconds = 0.0
    for process in _tree(pid):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds

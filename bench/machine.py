"""The machine on which a benchmark runs, and how busy it is with other things."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import psutil

from bench.measurements import Machine

_LOOK_SECONDS = 3.0
_MODEL = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)


def describe() -> Machine:
    """What decides how fast this machine reads."""
    found = _MODEL.search(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
    return Machine(
        cpu=found[1].strip() if found else platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(psutil.virtual_memory().total / 1024**3, 1),
        system=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
    )


def busy_percent() -> float:
    """How much of the machine is in use while we look on for some seconds."""
    return float(psutil.cpu_percent(interval=_LOOK_SECONDS))

"""The most memory a process has held at any time."""

from __future__ import annotations

import re
from pathlib import Path

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def peak_memory_mb(pid: int | None = None) -> int:
    """Peak resident memory of a process (without a number: of this one) in MiB; 0 once it is gone.

    The kernel's high-water mark of the program that runs now (proc(5), VmHWM). `ru_maxrss` would also count
    what the parent held when it forked.
    """
    try:
        status = Path("/proc", str(pid or "self"), "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = _PEAK.search(status)
    return round(int(found[1]) / 1024) if found else 0

"""Tie a process's life to its parent's, so that no work goes on for a task that is gone."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the one that started it dies (Linux prctl(2))."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died between the start of this process and the call above
        os.kill(os.getpid(), signal.SIGKILL)

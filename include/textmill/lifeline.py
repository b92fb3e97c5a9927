"""Tie a process's life to its parent's, so that no work goes on for a task that is gone."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel to kill this process when the one that started it dies (Linux prctl(2)).

    Args:
        parent_pid: who that is. It has to be told: when it died before this call, somebody else is the
            parent by now, and this process ends at once.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)

"""Work that can wait, beside work that cannot."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_NICENESS = 10
"""Against a busy process of ordinary priority, a tenth of its share of a processor (sched(7), weights of nice
values); where a processor idles, all of it. At 19 a busy machine would let it wait for minutes."""


@contextmanager
def giving_way() -> Iterator[None]:
    """Lower the priority of this thread, and of threads that it starts, for the time of the block.

    Where the kernel does not allow to raise it again (an account other than root without the right to), the
    thread stays as it is: fit for the end of a task.
    """
    before = os.getpriority(os.PRIO_PROCESS, 0)  # of the thread, on Linux
    os.setpriority(os.PRIO_PROCESS, 0, max(before, _NICENESS))
    try:
        yield
    finally:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, before)

"""Ask a store for several things at once: each takes some milliseconds, of which almost all is waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

REQUESTS_AT_ONCE = 16


def at_once(work: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
    """Do something for each, and yield the results in their order; bounded in memory and in threads.

    Raises:
        Whatever `work` raises, for the first that fails; what has not begun by then is left out.
    """
    waiting = iter(things)
    with ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="staging") as pool:
        try:
            while some := list(islice(waiting, 4 * REQUESTS_AT_ONCE)):
                yield from pool.map(work, some)
        finally:
            pool.shutdown(cancel_futures=True)

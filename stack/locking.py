"""One change at a time: starting and stopping a stack exclude each other."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(file: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock for the length of the block, waiting for another command that holds it."""
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is starting or stopping this stack; waiting for it.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield

"""Standard output for a program's answer alone, whatever libraries print."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def clean_stdout() -> Iterator[TextIO]:
    """Yield the real standard output and send everything else that is printed to standard error.

    Also what C libraries write to descriptor 1.
    """
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        yield out

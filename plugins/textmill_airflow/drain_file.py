"""The file that has the OCR tasks of a machine end after the page at hand, and go on elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from textmill.staging import write_text


class DrainFile:
    """The order to drain, as a file that may be there or not (`TEXTMILL_DRAIN_FILE`).

    Args:
        path: where; None where this machine has none, and nothing is ever ordered.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def order(self, why: str) -> bool:
        """Give the order; returns whether there is a file for it.

        Raises:
            OSError: the file cannot be written.
        """
        if self._path is None:
            return False
        write_text(self._path, why + "\n")
        return True

    def withdraw(self) -> bool:
        """Take the order back; returns whether it was given."""
        if not self.is_ordered():
            return False
        assert self._path is not None
        self._path.unlink(missing_ok=True)
        return True

    def is_ordered(self) -> bool:
        """Tell whether the order is given."""
        return self._path is not None and os.path.lexists(self._path)

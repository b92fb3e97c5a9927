"""What Textmill's own modules log while a reader is loaded, kept for whoever waits for the OCR process."""

from __future__ import annotations

import logging
import sys
from types import TracebackType


class LoadingNotes(logging.Handler):
    """Keeps what is logged below `textmill` while it is entered; warnings also go to standard error.

    Attributes:
        notes: sentences logged as information.
        warnings: sentences logged as warnings, or worse.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.notes: tuple[str, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self._logger = logging.getLogger("textmill")
        self._level_before = logging.NOTSET

    def __enter__(self) -> LoadingNotes:
        self._level_before = self._logger.level
        self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level_before)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record in. The same sentence twice is kept once: engines may share a choice."""
        sentence = record.getMessage()
        if record.levelno < logging.WARNING:
            self.notes = tuple(dict.fromkeys((*self.notes, sentence)))
            return
        sys.stderr.write(f"{sentence}\n")
        self.warnings = tuple(dict.fromkeys((*self.warnings, sentence)))

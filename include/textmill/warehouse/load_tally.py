"""Count what was loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from textmill.warehouse.loader import MediumResult


@dataclass
class LoadTally:
    """What was loaded.

    Attributes:
        parts_waiting: parts of media that are loaded when the batches with their other parts are through.
    """

    media_unchanged: int = 0
    media_loaded: int = 0
    media_quarantined: int = 0
    pages_loaded: int = 0
    pages_changed: int = 0
    pages_warned: int = 0
    pages_quarantined: int = 0
    parts_waiting: int = 0
    confidences: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """What goes into the books, by column: counted from staged files, so that a retry writes the same."""
        return {
            "media_unchanged": self.media_unchanged,
            "media_loaded": self.media_loaded,
            "media_quarantined": self.media_quarantined,
            "pages_loaded": self.pages_loaded,
            "pages_warned": self.pages_warned,
            "pages_quarantined": self.pages_quarantined,
            "confidence_sum": sum(self.confidences),
            "pages_with_text": len(self.confidences),
        }

    def note(self, result: MediumResult, changed: int, confidences: Sequence[float] = ()) -> None:
        """Count one medium that was read; `confidences` are those of its accepted pages with text."""
        if result.status == "quarantined":
            self.media_quarantined += 1
        else:
            self.media_loaded += 1
        self.pages_loaded += len(result.pages)
        self.pages_changed += changed
        self.pages_warned += result.warned
        self.pages_quarantined += sum(rejection.page_no is not None for rejection in result.rejections)
        self.confidences += confidences

    def add(self, other: LoadTally) -> None:
        """Take in what was counted elsewhere."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

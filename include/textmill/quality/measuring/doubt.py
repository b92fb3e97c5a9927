"""Low confidence: how much of a text is likely wrong."""

from __future__ import annotations

from collections.abc import Sequence

from textmill.records import LineRecord


def low_confidence(lines: Sequence[LineRecord]) -> float | None:
    """Return the share of the text that is expected to stand in lines that are not right; None without text.

    Confidences are calibrated: of lines given 0.9 nine in ten are right, so the mean of what is missing to 1,
    each line weighted by its length, foretells how much is wrong. A share of lines below some bound would
    make a page of lines just below it look like a page of noise.
    """
    characters = sum(len(line.text) for line in lines)
    if not characters:
        return None
    doubt = sum((1 - line.confidence) * len(line.text) for line in lines) / characters
    return min(1.0, max(0.0, doubt))

"""How far to trust a page or a medium, summed up from the confidences of its lines.

A mean hides a ruined corner; so there is a low quantile beside it, and the share of lines that are more
likely wrong than a reader would accept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

LOW_CONFIDENCE = 0.8
"""A line below this is a low line: at least one in five of its kind is not what stands on the page."""
_LOW_QUANTILE = 0.1


class LineConfidence(NamedTuple):
    """The confidence of a line, 0 to 1, and the number of its characters."""

    confidence: float
    characters: int


def mean_confidence(lines: Sequence[LineConfidence]) -> float | None:
    """Return the mean over the lines, each weighted by its length; None without text."""
    weight = sum(line.characters for line in lines)
    if not weight:
        return None
    # The sum of many nearly equal products may exceed 1 in the last place.
    return min(1.0, sum(line.confidence * line.characters for line in lines) / weight)


def low_quantile(lines: Sequence[LineConfidence]) -> float | None:
    """Return the confidence that a tenth of the lines do not exceed (nearest rank); None without lines."""
    if not lines:
        return None
    ranked = sorted(line.confidence for line in lines)
    return ranked[low_rank(len(ranked)) - 1]


def low_rank(count: int) -> int:
    """Return which of `count` lines in the order of their confidences, from 1, the low quantile is."""
    return math.ceil(count * _LOW_QUANTILE)


def low_line_share(lines: Sequence[LineConfidence]) -> float | None:
    """Return the share of low lines, 0 to 1; None without lines."""
    if not lines:
        return None
    return sum(line.confidence < LOW_CONFIDENCE for line in lines) / len(lines)

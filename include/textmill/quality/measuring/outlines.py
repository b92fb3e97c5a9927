"""What the outlines of lines tell: text off the page, lines cut off at its edge, lines that run down it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from textmill.records import LineRecord

_LEAST_LINES = 4
_LEAST_LENGTH = 3
"""Characters below which a line is as high as it is wide, whichever way it runs."""
_UPRIGHT = 1.5
"""A line that runs down is so many times higher than it is wide."""
_EASTERN = re.compile("[\u3040-\u9fff\uac00-\ud7af]")
_EDGE = 0.003
"""Share of the page's width within which a line touches its edge."""
_OVER = 0.02
"""Share of the page's sides by which an outline may stand over: outlines are a little wider than letters."""


class Extent(NamedTuple):
    """The upright rectangle around an outline, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


class Outlined(NamedTuple):
    """A line's text and where it stands."""

    text: str
    extent: Extent


def outlined(lines: Iterable[LineRecord]) -> list[Outlined]:
    """Return the lines that have an outline."""
    return [Outlined(line.text, extent) for line in lines if (extent := extent_of(line))]


def extent_of(line: LineRecord) -> Extent | None:
    """Return the rectangle around a line; None when it has no outline."""
    if not line.polygon:
        return None
    across = [x for x, _ in line.polygon]
    down = [y for _, y in line.polygon]
    return Extent(min(across), min(down), max(across), max(down))


def text_off_page(lines: Sequence[Outlined], width: int, height: int) -> float | None:
    """Return the share of the text that is outlined outside of the page, 0 to 1; None without outlines."""
    characters = outside = 0.0
    for text, extent in lines:
        characters += len(text)
        if extent.left < 0 or extent.top < 0 or extent.right > width or extent.bottom > height:
            outside += len(text) * _share_outside(extent, width, height)
    return outside / characters if characters else None


def text_cut_off(lines: Sequence[Outlined], width: int) -> float | None:
    """Return the share of lines that run into the left or right edge, 0 to 1; None for few lines."""
    edge = max(1.0, width * _EDGE)
    extents = [extent for text, extent in lines if len(text) >= _LEAST_LENGTH]
    if len(extents) < _LEAST_LINES:
        return None
    return sum(one.left <= edge or one.right >= width - edge for one in extents) / len(extents)


def running_down(lines: Sequence[Outlined]) -> float | None:
    """Return the share of the text in lines that run down or up the page, 0 to 1; None for little text.

    Chinese and Japanese are written downwards, so their lines are not looked at.
    """
    characters = down = count = 0
    for text, (left, top, right, bottom) in lines:
        if len(text) < _LEAST_LENGTH or _EASTERN.search(text):
            continue
        count += 1
        characters += len(text)
        if bottom - top > _UPRIGHT * (right - left):
            down += len(text)
    return down / characters if count >= _LEAST_LINES else None


def _share_outside(extent: Extent, width: int, height: int) -> float:
    """Return how much of a rectangle is farther outside of the page than a margin for error."""
    over_x, over_y = width * _OVER, height * _OVER
    inside_x = _overlap(extent.left, extent.right, -over_x, width + over_x)
    inside_y = _overlap(extent.top, extent.bottom, -over_y, height + over_y)
    return 1 - inside_x * inside_y


def _overlap(start: float, end: float, least: float, most: float) -> float:
    """Return the share of a stretch that lies between two bounds."""
    if end <= start:
        return float(least <= start <= most)
    return max(0.0, min(end, most) - max(start, least)) / (end - start)

"""A page read the wrong way round: sideways told by the lines themselves, upside down by where they begin.

Lines that run down the page say that it is sideways, whatever was read in them. A page that is upside down
has level lines; what shows it is that lines of running text begin at one edge and end anywhere. Turned round,
they end at one edge, and what is read in them is doubtful. On the labelled set, docs/quality-accuracy.md,
this tells upside-down pages from pages spoiled otherwise, but for receipts and tables, with lines aligned
on both sides; those show by their low confidence alone. Nothing is said of right-to-left letters: lines that
end at the edge where these should begin are as likely of another script, read as Arabic or Hebrew.
"""

from __future__ import annotations

from collections.abc import Sequence

from textmill.quality.measuring.outlines import Extent, Outlined, running_down
from textmill.text_direction import is_right_to_left

_READABLE = 0.6
"""How sure a page is turned of whose lines, running down, all were read well: it can be searched as it is."""
_LEAST_LINES = 5
_LONG = 0.12
"""Share of the page's width from which on a line is more than a number or a label."""
_LEVEL = 3.0
"""A long line is so many times wider than it is high."""
_ALIGNED = 0.012
"""Share of the page's width within which edges are aligned."""
_MUCH_MORE = 0.25
"""Surplus of lines that end at one edge over those that begin at one from which on it is no chance."""


def turned_page(lines: Sequence[Outlined], width: int, doubt: float | None) -> float | None:
    """Return how sure it is that a page was read sideways or upside down, 0 to 1; None for few lines.

    Args:
        width: of the page, in pixels.
        doubt: the share of the text that is likely wrong: what was read well was read the right way round,
            or does not suffer from it.
    """
    if doubt is None:
        return None
    down = running_down(lines)
    ragged = _ends_aligned(lines, width)
    if down is None and ragged is None:
        return None
    sideways = (down or 0.0) * (_READABLE + (1 - _READABLE) * doubt)
    upside_down = min(1.0, max(0.0, ragged or 0.0) / _MUCH_MORE) * doubt
    return max(sideways, upside_down)


def _ends_aligned(lines: Sequence[Outlined], width: int) -> float | None:
    """Return by which share more lines end at one edge than begin at one, -1 to 1; None for few lines."""
    long = [extent for _, extent in lines if _is_long(extent, width)]
    if len(long) < _LEAST_LINES:
        return None
    near = max(1.0, width * _ALIGNED)
    begin = _most_at_one_edge([one.left for one in long], near)
    end = _most_at_one_edge([one.right for one in long], near)
    if end > begin and is_right_to_left(text for text, _ in lines):
        return None
    return (end - begin) / len(long)


def _is_long(extent: Extent, width: int) -> bool:
    across = extent.right - extent.left
    return across > _LONG * width and across > _LEVEL * (extent.bottom - extent.top)


def _most_at_one_edge(edges: list[float], near: float) -> int:
    """Return how many edges at most lie within twice `near` of each other."""
    ranked = sorted(edges)
    most = start = 0
    for stop, edge in enumerate(ranked, start=1):
        while edge - ranked[start] > 2 * near:
            start += 1
        most = max(most, stop - start)
    return most

"""Put the lines of a page into the order in which a person reads them.

Pages are split at gutters into columns, recursively, in the manner of the XY-cut (Nagy and Seth,
"Hierarchical representation of optically scanned documents", ICPR 1984), with two changes. A gutter may be
crossed by headings: they separate bands that are read one after the other. And a gutter counts only between
runs of long lines: what lies between the short cells of a table is no gutter, and a table is read row by row.
Coordinates are first turned by the page's skew, without which the rows of a tilted table would run into
each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

Polygon = Sequence[Sequence[float]]

_LONG_LINE = 8.0
"""A line of prose is at least this many times as wide as it is high."""
_MIN_COLUMN_LINES = 3
"""Fewer lines than this do not make a column."""
_GUTTER_STEPS = 200
"""Positions across a block at which a gutter is looked for."""


@dataclass(frozen=True)
class Box:
    """An upright box around a line, in deskewed coordinates; `index` points to the line."""

    index: int
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Pixels down."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Vertical centre."""
        return (self.top + self.bottom) / 2


def reading_order(polygons: Sequence[Polygon], *, right_to_left: bool = False) -> list[list[int]]:
    """Return rows of indices into `polygons`, rows from first to last, each in the direction of reading.

    Args:
        polygons: outlines of lines, each at least the four corners clockwise from the top left.
        right_to_left: rows and columns begin at the right, as in Arabic and Hebrew.
    """
    boxes = _deskewed(polygons)
    if right_to_left:
        boxes = [replace(box, left=-box.right, right=-box.left) for box in boxes]
    return [[box.index for box in row] for row in _order(boxes)]


def skew(polygons: Sequence[Polygon]) -> float:
    """Return the angle in radians by which the page's long lines fall towards the right."""
    angles = []
    for polygon in polygons:
        (x0, y0), (x1, y1) = polygon[0], polygon[1]
        if abs(x1 - x0) >= 5 * math.dist(polygon[1], polygon[2]):
            angles.append(math.atan2(y1 - y0, x1 - x0))
    return median(angles) if angles else 0.0


def _deskewed(polygons: Sequence[Polygon]) -> list[Box]:
    angle = skew(polygons)
    cosine, sine = math.cos(angle), math.sin(angle)
    boxes = []
    for index, polygon in enumerate(polygons):
        across = [x * cosine + y * sine for x, y in polygon]
        down = [y * cosine - x * sine for x, y in polygon]
        boxes.append(Box(index, min(across), min(down), max(across), max(down)))
    return boxes


def _order(boxes: list[Box]) -> list[list[Box]]:
    gutter = _find_gutter(boxes)
    if gutter is None:
        return _rows(boxes)
    rows: list[list[Box]] = []
    for band in _bands(boxes, gutter):
        if len(band) == 1 and _crosses(band[0], gutter):
            rows.append(band)
            continue
        rows += _order([box for box in band if box.right <= gutter])
        rows += _order([box for box in band if box.left >= gutter])
    return rows


def _find_gutter(boxes: list[Box]) -> float | None:
    """Return the x of the gutter that fewest lines cross, or None when there is none."""
    if len(boxes) < 2 * _MIN_COLUMN_LINES:
        return None
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    best: tuple[int, float] | None = None
    for step in range(1, _GUTTER_STEPS):
        x = left + (right - left) * step / _GUTTER_STEPS
        crossing = sum(_crosses(box, x) for box in boxes)
        if (best is None or crossing < best[0]) and _separates_columns(boxes, x, crossing):
            best = (crossing, x)
    return best[1] if best else None


def _separates_columns(boxes: list[Box], x: float, crossing: int) -> bool:
    before = [box for box in boxes if box.right <= x]
    after = [box for box in boxes if box.left >= x]
    if crossing > min(len(before), len(after)):
        return False
    return _is_prose(before) and _is_prose(after) and _side_by_side(before, after)


def _is_prose(column: list[Box]) -> bool:
    if len(column) < _MIN_COLUMN_LINES:
        return False
    return median(box.width / max(box.height, 1.0) for box in column) >= _LONG_LINE


def _side_by_side(before: list[Box], after: list[Box]) -> bool:
    """Tell whether two groups share at least half of the lower one's height."""
    shared = min(max(box.bottom for box in before), max(box.bottom for box in after)) - max(
        min(box.top for box in before), min(box.top for box in after)
    )
    heights = [max(box.bottom for box in side) - min(box.top for box in side) for side in (before, after)]
    return shared >= min(heights) / 2


def _crosses(box: Box, x: float) -> bool:
    return box.left < x < box.right


def _bands(boxes: list[Box], gutter: float) -> list[list[Box]]:
    """Cut a block at the lines that cross the gutter; each of those is a band of its own."""
    bands: list[list[Box]] = []
    current: list[Box] = []
    for box in sorted(boxes, key=lambda one: one.middle):
        if _crosses(box, gutter):
            bands += [current, [box]]
            current = []
        else:
            current.append(box)
    return [band for band in [*bands, current] if band]


def _rows(boxes: list[Box]) -> list[list[Box]]:
    """Group boxes whose vertical centres lie within half a line of each other."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda one: one.middle):
        if rows and _on_row(box, rows[-1]):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row, key=lambda one: one.left) for row in rows]


def _on_row(box: Box, row: list[Box]) -> bool:
    middle = sum(other.middle for other in row) / len(row)
    height = min(min(other.height for other in row), box.height)
    apart = all(box.left >= other.right - height / 2 or box.right <= other.left + height / 2 for other in row)
    return apart and abs(box.middle - middle) < height / 2

"""Put the lines of a page into the order in which a person reads them, going by their places.

Pages are split at gutters into columns, recursively, in the manner of the XY-cut (Nagy and Seth,
"Hierarchical representation of optically scanned documents", ICPR 1984), with two changes. A gutter may be
crossed by headings: they separate bands that are read one after the other. And a gutter counts only between
runs of long lines: what lies between the short cells of a table is no gutter, and a table is read row by row.

Outlines that were found in a picture and runs of a PDF's text layer are put into order by the same rules.
What differs is how their boxes are to be taken (`Measure`). Those of a picture close tightly around the ink,
are off by some pixels and tilt with the page, so that they are first turned by its skew: else the rows of a
tilted table would run into each other. Those of a text layer are exact and reach from ascender to descender
whatever letters are in the line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

Polygon = Sequence[Sequence[float]]

MIN_COLUMN_LINES = 3
"""Fewer lines than this do not make a column."""
_GUTTER_STEPS = 200
"""Positions across a block at which a gutter is looked for."""
_MAX_BOXES = 5000
"""No gutter is looked for among more boxes than this: a page of prose has hundreds."""


@dataclass(frozen=True)
class LineBox:
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


@dataclass(frozen=True)
class Measure:
    """How the boxes of one source are to be taken.

    Attributes:
        long_line: a line of prose is at least this many times as wide as its box is high.
        on_row: tells whether a box stands on the row that other boxes make; asked from the top downwards.
    """

    long_line: float
    on_row: Callable[[LineBox, Sequence[LineBox]], bool]


def reading_order(polygons: Sequence[Polygon], *, right_to_left: bool = False) -> list[list[int]]:
    """Return rows of indices into outlines found in a picture, each row in the direction of reading.

    Args:
        polygons: outlines of lines, each at least the four corners clockwise from the top left.
        right_to_left: rows and columns begin at the right, as in Arabic and Hebrew.
    """
    return rows_of_boxes(_deskewed(polygons), _OUTLINES, right_to_left=right_to_left)


def rows_of_boxes(
    boxes: Sequence[LineBox], measure: Measure, *, right_to_left: bool = False
) -> list[list[int]]:
    """Return rows of the indices of level boxes, rows from first to last, each in the direction of reading.

    Args:
        boxes: of lines or of pieces of lines.
        measure: how they are to be taken.
        right_to_left: rows and columns begin at the right.
    """
    if right_to_left:
        boxes = [replace(box, left=-box.right, right=-box.left) for box in boxes]
    return [[box.index for box in row] for row in _order(list(boxes), measure)]


def skew(polygons: Sequence[Polygon]) -> float:
    """Return the angle in radians by which the page's long lines fall towards the right."""
    angles = []
    for polygon in polygons:
        (x0, y0), (x1, y1) = polygon[0], polygon[1]
        if abs(x1 - x0) >= 5 * math.dist(polygon[1], polygon[2]):
            angles.append(math.atan2(y1 - y0, x1 - x0))
    return median(angles) if angles else 0.0


def _deskewed(polygons: Sequence[Polygon]) -> list[LineBox]:
    angle = skew(polygons)
    cosine, sine = math.cos(angle), math.sin(angle)
    boxes = []
    for index, polygon in enumerate(polygons):
        across = [x * cosine + y * sine for x, y in polygon]
        down = [y * cosine - x * sine for x, y in polygon]
        boxes.append(LineBox(index, min(across), min(down), max(across), max(down)))
    return boxes


def _order(boxes: list[LineBox], measure: Measure) -> list[list[LineBox]]:
    gutter = _find_gutter(boxes, measure.long_line)
    if gutter is None:
        return _rows(boxes, measure)
    rows: list[list[LineBox]] = []
    for band in _bands(boxes, gutter):
        if len(band) == 1 and _crosses(band[0], gutter):
            rows.append(band)
            continue
        rows += _order([box for box in band if box.right <= gutter], measure)
        rows += _order([box for box in band if box.left >= gutter], measure)
    return rows


def _find_gutter(boxes: list[LineBox], long_line: float) -> float | None:
    """Return the x of the gutter that fewest lines cross, or None when there is none."""
    if not 2 * MIN_COLUMN_LINES <= len(boxes) <= _MAX_BOXES:
        return None
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    best: tuple[int, float] | None = None
    for step in range(1, _GUTTER_STEPS):
        x = left + (right - left) * step / _GUTTER_STEPS
        crossing = sum(_crosses(box, x) for box in boxes)
        if (best is None or crossing < best[0]) and _separates_columns(boxes, x, crossing, long_line):
            best = (crossing, x)
    return best[1] if best else None


def _separates_columns(boxes: list[LineBox], x: float, crossing: int, long_line: float) -> bool:
    before = [box for box in boxes if box.right <= x]
    after = [box for box in boxes if box.left >= x]
    if crossing > min(len(before), len(after)):
        return False
    return _is_prose(before, long_line) and _is_prose(after, long_line) and _side_by_side(before, after)


def _is_prose(column: list[LineBox], long_line: float) -> bool:
    if len(column) < MIN_COLUMN_LINES:
        return False
    return median(box.width / max(box.height, 1.0) for box in column) >= long_line


def _side_by_side(before: list[LineBox], after: list[LineBox]) -> bool:
    """Tell whether two groups share at least half of the lower one's height."""
    shared = min(max(box.bottom for box in before), max(box.bottom for box in after)) - max(
        min(box.top for box in before), min(box.top for box in after)
    )
    heights = [max(box.bottom for box in side) - min(box.top for box in side) for side in (before, after)]
    return shared >= min(heights) / 2


def _crosses(box: LineBox, x: float) -> bool:
    return box.left < x < box.right


def _bands(boxes: list[LineBox], gutter: float) -> list[list[LineBox]]:
    """Cut a block at the lines that cross the gutter; each of those is a band of its own."""
    bands: list[list[LineBox]] = []
    current: list[LineBox] = []
    for box in sorted(boxes, key=lambda one: one.middle):
        if _crosses(box, gutter):
            bands += [current, [box]]
            current = []
        else:
            current.append(box)
    return [band for band in [*bands, current] if band]


def _rows(boxes: list[LineBox], measure: Measure) -> list[list[LineBox]]:
    rows: list[list[LineBox]] = []
    for box in sorted(boxes, key=lambda one: one.middle):
        if rows and measure.on_row(box, rows[-1]):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row, key=lambda one: one.left) for row in rows]


def _beside_on_average(box: LineBox, row: Sequence[LineBox]) -> bool:
    """Tell whether a box's centre lies within half a line of the row's, and the box beside all of them.

    A centre withstands an outline that is some pixels off, and what overlaps is two lines that touch.
    """
    middle = sum(other.middle for other in row) / len(row)
    height = min(min(other.height for other in row), box.height)
    apart = all(box.left >= other.right - height / 2 or box.right <= other.left + height / 2 for other in row)
    return apart and abs(box.middle - middle) < height / 2


_OUTLINES = Measure(long_line=8.0, on_row=_beside_on_average)

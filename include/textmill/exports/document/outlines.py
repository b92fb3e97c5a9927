"""Where a line of text runs, told from its outline. Pure; pixels, x to the right, y down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textmill.records import Point

Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""
_DOWNWARDS = 1.5
"""An outline that is this many times as high as it is wide holds text that runs downwards, as the engines
have it when they cut it out (`textmill.engines.lines.cut_out`)."""


@dataclass(frozen=True)
class Outline:
    """The corners of a line or a word as its reader sees them, whichever way it runs on the page."""

    top_left: Point
    top_right: Point
    bottom_right: Point
    bottom_left: Point

    @property
    def corners(self) -> tuple[Point, Point, Point, Point]:
        """Clockwise from where the text begins at the top."""
        return self.top_left, self.top_right, self.bottom_right, self.bottom_left

    @property
    def box(self) -> Box:
        """The upright box around it."""
        return box_around(self.corners)

    @property
    def length(self) -> float:
        """Pixels along the baseline."""
        return math.dist(self.bottom_left, self.bottom_right)

    @property
    def height(self) -> float:
        """Pixels from the baseline to the top, in the mean of both ends."""
        left = math.dist(self.top_left, self.bottom_left)
        return (left + math.dist(self.top_right, self.bottom_right)) / 2

    @property
    def angle(self) -> float:
        """Degrees clockwise by which the baseline falls: 0 for level text, 90 for text running downwards."""
        across = self.bottom_right[0] - self.bottom_left[0]
        down = self.bottom_right[1] - self.bottom_left[1]
        return math.degrees(math.atan2(down, across))

    def part(self, start: float, end: float) -> Outline:
        """Return what lies between two shares (0 to 1) of the way along the line."""
        return Outline(
            _between(self.top_left, self.top_right, start),
            _between(self.top_left, self.top_right, end),
            _between(self.bottom_left, self.bottom_right, end),
            _between(self.bottom_left, self.bottom_right, start),
        )


def outline_of(polygon: Sequence[Point], text: str) -> Outline | None:
    """Return the outline of a line with this polygon; None where there is none to speak of.

    Args:
        polygon: four corners clockwise from the top left; of anything else, the box around it counts.
        text: of one character, nobody can tell from its shape that it runs downwards.
    """
    if not polygon:
        return None
    corners = tuple(polygon) if len(polygon) == 4 else _corners(box_around(polygon))
    top_left, top_right, bottom_right, bottom_left = corners
    width = max(math.dist(top_left, top_right), math.dist(bottom_left, bottom_right))
    height = max(math.dist(top_left, bottom_left), math.dist(top_right, bottom_right))
    if not width or not height:
        return None
    if height >= _DOWNWARDS * width and len(text) > 1:
        # The tops of the letters are on the right.
        return Outline(top_right, bottom_right, bottom_left, top_left)
    return Outline(top_left, top_right, bottom_right, bottom_left)


def box_around(points: Sequence[Point]) -> Box:
    """Return the upright box around points, of which there is at least one."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _corners(box: Box) -> tuple[Point, Point, Point, Point]:
    left, top, right, bottom = box
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share

"""PaddleOCR's detection models (differentiable binarisation): where the lines of a page are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

import cv2
import numpy as np

from textmill.engines.line_outlines import line_outlines
from textmill.engines.model_description import describe_detection
from textmill.engines.models import ModelPlace
from textmill.engines.networks import Computing, finding_network
from textmill.fingerprints import fingerprint

_VERSION = 1
"""To be raised when the same map gives other outlines than before."""
_STRIDE = 32
"""The network halves its input five times."""
_A4 = 1 / math.sqrt(2)
"""Width of an A4 page divided by its height."""
_MOST_ENLARGED = 2.0
_LONGEST_SIDE = 4000
_TINY, _LEGIBLE = 10.0, 15.0
"""Thickness of lines, in pixels of the picture in which they are found: lines of tiny print run together, or
are missed, so such a page is looked at once more at a larger size."""


class PaddleDetector:
    """Finds lines with one of PaddleOCR's detection models. Used by one thread."""

    def __init__(self, place: ModelPlace, *, side: int, computing: Computing) -> None:
        folder = place.folder_at_hand()
        self._rules = describe_detection(folder)
        self._network = finding_network(folder, computing)
        self._side = side
        # (value / 255 - mean) / deviation in one multiplication and one addition.
        deviation = np.array(self._rules.deviation, np.float32)
        self._factor = (1 / 255 / deviation).astype(np.float32)
        self._shift = (-np.array(self._rules.mean, np.float32) / deviation).astype(np.float32)
        self.model = place.name
        self.fingerprint = fingerprint(
            version=_VERSION,
            model=place.digest(folder),
            computed=(computing.runtime, computing.finding),
            side=side,
            scale=(_MOST_ENLARGED, _LONGEST_SIDE, _TINY, _LEGIBLE),
        )

    def detect(self, pixels: Any) -> list[Any]:
        """See `LineDetector`."""
        outlines = self._look(pixels, self._side)
        height, width = pixels.shape[:2]
        scale = detection_side(height, width, self._side) / max(height, width)
        larger = side_for_tiny_print(self._side, [scale * _thickness(outline) for outline in outlines])
        return self._look(pixels, larger) if larger > self._side else outlines

    def _look(self, pixels: Any, side: int) -> list[Any]:
        height, width = pixels.shape[:2]
        picture = cv2.resize(pixels, detection_size(height, width, side))
        if self._rules.reads_rgb:
            picture = picture[..., ::-1]
        normalised = picture.astype(np.float32) * self._factor + self._shift
        network_input = np.ascontiguousarray(normalised.transpose(2, 0, 1)[np.newaxis])
        return line_outlines(self._network.probabilities(network_input), self._rules, width, height)


def side_for_tiny_print(side: int, thicknesses: Sequence[float]) -> int:
    """Return at what side a page should be looked at, from what was found at `side`; mostly the same.

    Args:
        thicknesses: of the lines, in pixels of the picture in which they were found.
    """
    usual = median(thicknesses) if thicknesses else _LEGIBLE
    if usual >= _TINY:
        return side
    return round(side * min(_LEGIBLE / usual, _MOST_ENLARGED))


def _thickness(outline: Any) -> float:
    return min(math.dist(outline[0], outline[1]), math.dist(outline[0], outline[3]))


def detection_size(height: int, width: int, side: int) -> tuple[int, int]:
    """Return the width and height to which a page is scaled: what the network can take nearest to its share.

    Args:
        side: see `detection_side`.
    """
    ratio = detection_side(height, width, side) / max(height, width)

    def scaled(length: int) -> int:
        return max(_STRIDE, round(length * ratio / _STRIDE) * _STRIDE)

    return scaled(width), scaled(height)


def detection_side(height: int, width: int, side: int) -> int:
    """Return the long side in pixels to which a page is scaled to find its lines.

    Pages get the area of an A4 page whose long side is `side`. Were they given its long side instead, the
    print of a long receipt would become too small to be seen. Small pages are enlarged: on 48 receipts that
    finds the lone colons and digits of columns that are missed otherwise.
    """
    scale = min(math.sqrt(side * side * _A4 / (height * width)), _MOST_ENLARGED)
    return max(1, min(round(max(height, width) * scale), _LONGEST_SIDE))

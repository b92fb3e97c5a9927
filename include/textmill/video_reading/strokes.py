"""What is looked at between two readings: a small grey picture of a frame and the strokes in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np

STRONG = 32.0
"""Grey levels within three pixels from which on a place may belong to a letter."""
_SMALL_SIDES = (640, 960)
"""Long side of the small picture: half of the frame's, within these bounds."""
_LEAST_PIXELS = 12
_LEAST_HEIGHT = 4
"""Pixels of strokes, and rows, of a letter of the smallest print that is legible."""
_LETTER_GAP = (9, 3)
"""Strokes no farther apart than this, across and down, belong together."""
_LEAST_FILL = 0.08
_RULE_WIDTH = 3
_RULE_LENGTH = 20


class Box(NamedTuple):
    """An upright box in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def grown(self, pixels: int) -> Box:
        """Return the box with a margin around it; it may reach beyond the picture to the right and below."""
        return Box(
            max(0, self.left - pixels), max(0, self.top - pixels), self.right + pixels, self.bottom + pixels
        )

    def scaled(self, factor: float) -> Box:
        """Return the box in a picture that is so many times as large."""
        return Box(*(round(edge * factor) for edge in self))

    def cut(self, array: Any) -> Any:
        """Return a view of the part of an array that the box covers."""
        return array[self.top : self.bottom, self.left : self.right]


@dataclass(frozen=True)
class Look:
    """A frame seen small.

    Attributes:
        grey: float32 array of shape (height, width), 0 to 255.
        contrast: of the same shape: the largest difference within three pixels (morphological gradient). It
            does not depend on whether letters are dark or light.
        scale: pixels of the frame per pixel of the small picture.
    """

    grey: Any
    contrast: Any
    scale: float


def look_at(pixels: Any) -> Look:
    """Return the small picture of a frame, a uint8 array of shape (height, width, 3)."""
    long_side = max(pixels.shape[:2])
    side = min(max(long_side / 2, _SMALL_SIDES[0]), _SMALL_SIDES[1])
    scale = max(1.0, long_side / side)
    size = (max(1, round(pixels.shape[1] / scale)), max(1, round(pixels.shape[0] / scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    contrast = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return Look(grey.astype(np.float32), contrast.astype(np.float32), scale)


def letters_in(mask: Any) -> list[Box]:
    """Return boxes around groups of pixels that are large enough for a letter and no mere rule or outline.

    Args:
        mask: bool array of shape (height, width).
    """
    if np.count_nonzero(mask) < _LEAST_PIXELS:
        return []
    joined = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones(_LETTER_GAP[::-1], np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    pixels = np.bincount(labels[mask], minlength=count)
    return [
        Box(left, top, left + width, top + height)
        for (left, top, width, height, _), held in zip(stats.tolist()[1:], pixels[1:].tolist(), strict=True)
        if held >= _LEAST_PIXELS and height >= _LEAST_HEIGHT and not _is_outline(width, height, held)
    ]


def _is_outline(width: int, height: int, pixels: int) -> bool:
    rule = min(width, height) <= _RULE_WIDTH and max(width, height) >= _RULE_LENGTH
    return rule or pixels < _LEAST_FILL * width * height

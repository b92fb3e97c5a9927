"""Find out cheaply whether a part of a frame holds anything that can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textmill.engines.lines import LineEngine, cut_out
from textmill.engines.protocol import Engine, LineReading
from textmill.video_reading.strokes import Box
from textmill.video_reading.tracks import share_in_common

TextFinder = Callable[[Any, list[Box]], bool]
"""Tells whether there may be text in these boxes of a frame, of shape (height, width, 3)."""

_MARGIN = 24
"""Pixels around a box that are shown along with it: detectors find no line that touches the edge."""
_WORTH_READING = 0.5
"""Share of a frame from which on it is as well read at once."""
_IN_COMMON = 0.3
_MOST_LINES = 4
_LEGIBLE = {1: 0.9, 2: 0.7, 3: 0.7}
_LEGIBLE_WORD = 0.5
"""Confidence from which on a reading is taken for text, by its letters and digits: recognisers see a single
character in many a pattern, and a word in few."""


def text_finder(engine: Engine) -> TextFinder:
    """Return the finder for an engine. One that is not made of a detector and a recogniser reads at once."""
    return _LineFinder(engine) if isinstance(engine, LineEngine) else lambda pixels, boxes: True


class _LineFinder:
    """Looks for lines near the boxes only, and reads a few of those that it finds there."""

    def __init__(self, engine: LineEngine) -> None:
        self._detector = engine.detector
        self._recogniser = engine.recogniser

    def __call__(self, pixels: Any, boxes: list[Box]) -> bool:
        """See `TextFinder`."""
        height, width = pixels.shape[:2]
        region = Box(
            max(0, min(box.left for box in boxes) - _MARGIN),
            max(0, min(box.top for box in boxes) - _MARGIN),
            min(width, max(box.right for box in boxes) + _MARGIN),
            min(height, max(box.bottom for box in boxes) + _MARGIN),
        )
        if (region.right - region.left) * (region.bottom - region.top) >= _WORTH_READING * width * height:
            return True
        part = region.cut(pixels).copy()
        touching = [
            polygon
            for polygon in self._detector.detect(part)
            if any(share_in_common(box, _around(polygon, region)) >= _IN_COMMON for box in boxes)
        ]
        if len(touching) > _MOST_LINES:
            return True
        readings = self._recogniser.recognise([cut_out(part, polygon) for polygon in touching])
        return any(_is_legible(one) for one in readings)


def _is_legible(reading: LineReading) -> bool:
    characters = sum(character.isalnum() for character in reading.text)
    return characters > 0 and reading.confidence >= _LEGIBLE.get(characters, _LEGIBLE_WORD)


def _around(polygon: Any, region: Box) -> Box:
    left, top = polygon.min(axis=0)
    right, bottom = polygon.max(axis=0)
    return Box(
        int(left) + region.left, int(top) + region.top, round(right) + region.left, round(bottom) + region.top
    )

"""An engine made of two parts: one that finds the lines of a page, and one that reads them."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from textmill.engines.protocol import LineDetector, LineRecogniser
from textmill.fingerprints import fingerprint
from textmill.page import PageImage, PageText
from textmill.reading_order import reading_order
from textmill.records import LineRecord
from textmill.text_direction import is_right_to_left

_VERTICAL_RATIO = 1.5
"""A box this much higher than wide holds text that runs downwards and is turned."""


class LineEngine:
    """Finds lines with one model, reads them with another. Used by one thread."""

    def __init__(self, detector: LineDetector, recogniser: LineRecogniser) -> None:
        self.detector = detector
        self.recogniser = recogniser
        self.name = recogniser.name
        self.model = f"{detector.model}+{recogniser.model}"
        self.fingerprint = fingerprint(detector=detector.fingerprint, recogniser=recogniser.fingerprint)

    def read(self, page: PageImage) -> PageText:
        """Read a page. Boxes in which nothing is recognised are left out."""
        polygons = self.detector.detect(page.pixels)
        readings = self.recogniser.recognise([cut_out(page.pixels, polygon) for polygon in polygons])
        found = [(polygon, one) for polygon, one in zip(polygons, readings, strict=True) if one.text]
        rows = reading_order(
            [polygon.tolist() for polygon, _ in found],
            right_to_left=is_right_to_left(one.text for _, one in found),
        )
        ordered = [found[index] for row in rows for index in row]
        lines = tuple(
            LineRecord(line_no=number, text=one.text, confidence=one.confidence, polygon=_points(polygon))
            for number, (polygon, one) in enumerate(ordered, start=1)
        )
        text = "\n".join(" ".join(found[index][1].text for index in row) for row in rows)
        return PageText(text=text, lines=lines)


def cut_out(pixels: Any, polygon: Any) -> Any:
    """Return the quadrilateral as an upright picture of its own; text running downwards is turned.

    Args:
        pixels: uint8 array of shape (height, width, 3).
        polygon: four corners clockwise from the top left, in pixels.
    """
    corners = np.asarray(polygon, dtype=np.float32)
    width = max(1, round(max(math.dist(corners[0], corners[1]), math.dist(corners[3], corners[2]))))
    height = max(1, round(max(math.dist(corners[0], corners[3]), math.dist(corners[1], corners[2]))))
    upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    line = cv2.warpPerspective(
        pixels,
        cv2.getPerspectiveTransform(corners, upright),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.rot90(line).copy() if height >= _VERTICAL_RATIO * width else line


def _points(polygon: Any) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in polygon)

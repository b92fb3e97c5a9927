"""Turning, scaling and cropping pictures, and the way back for outlines.

Matrices are 3 × 3, homogeneous, and map the position of a pixel's centre (x to the right, y down, the first
pixel at 0, 0) from one picture to another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from textmill.page import PageText
from textmill.records import Point

_SIDE_LIMIT = 32_000
"""OpenCV warps no picture with a side above 2^15 - 1."""


def turned(pixels: Any, degrees: int) -> Any:
    """Return the picture turned clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(pixels, -degrees // 90)) if degrees % 360 else pixels


def rotation(width: int, height: int, degrees: float) -> tuple[Any, int, int]:
    """Return the matrix that turns a picture anticlockwise about its centre, then width and height.

    The new picture is as large as the whole of the old one needs.
    """
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    new_width = math.ceil(width * abs(cosine) + height * abs(sine))
    new_height = math.ceil(width * abs(sine) + height * abs(cosine))
    old_x, old_y = (width - 1) / 2, (height - 1) / 2
    matrix = np.array(
        [
            [cosine, sine, (new_width - 1) / 2 - cosine * old_x - sine * old_y],
            [-sine, cosine, (new_height - 1) / 2 + sine * old_x - cosine * old_y],
            [0.0, 0.0, 1.0],
        ]
    )
    return matrix, new_width, new_height


def scaling(factor: float) -> Any:
    """Return the matrix of `cv2.resize`, which keeps edges where they are, not the centres of pixels."""
    shift = (factor - 1) / 2
    return np.array([[factor, 0.0, shift], [0.0, factor, shift], [0.0, 0.0, 1.0]])


def cropping(left: int, top: int) -> Any:
    """Return the matrix of a crop that begins at this pixel."""
    return np.array([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]])


def can_be_warped(*sides: int) -> bool:
    """Tell whether OpenCV can warp between pictures with these sides."""
    return max(sides) <= _SIDE_LIMIT


def warped(pixels: Any, matrix: Any, width: int, height: int, paper: Sequence[int]) -> Any:
    """Return the picture seen through an affine matrix; what is new is `paper` (blue, green, red)."""
    return cv2.warpAffine(
        pixels,
        matrix[:2],
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=tuple(int(level) for level in paper),
    )


def mapped_back(text: PageText, matrix: Any, width: int, height: int) -> PageText:
    """Return the text with its outlines as they were before `matrix`, clipped to a page of this size."""
    inverse = np.linalg.inv(matrix)
    lines = tuple(
        line.model_copy(update={"polygon": _mapped(line.polygon, inverse, width, height)})
        for line in text.lines
    )
    return PageText(text=text.text, lines=lines)


def _mapped(polygon: Sequence[Point], matrix: Any, width: int, height: int) -> tuple[Point, ...]:
    if not polygon:
        return ()
    points = np.column_stack([np.asarray(polygon, np.float64), np.ones(len(polygon))]) @ matrix.T
    across = np.clip(points[:, 0] / points[:, 2], 0, width)
    down = np.clip(points[:, 1] / points[:, 2], 0, height)
    return tuple((float(x), float(y)) for x, y in zip(across, down, strict=True))

"""From a map of probabilities to the outlines of lines (differentiable binarisation).

Liao et al., "Real-time scene text detection with differentiable binarization", AAAI 2020: the network is
taught the text shrunk, so what it finds is widened by its area over its circumference. PaddleOCR offsets the
polygon for that and takes the smallest rectangle around the result; the smallest rectangle around a rectangle
that was offset is the same rectangle with longer sides, which needs no polygon library.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from textmill.engines.model_description import DetectionDescription

_SHORTEST_SIDE = 3
"""Pixels of the map: what is thinner before it is widened is no text, as PaddleOCR has it."""


def line_outlines(probabilities: Any, rules: DetectionDescription, width: int, height: int) -> list[Any]:
    """Return the outlines of lines, each a float array of shape (4, 2) clockwise from the top left.

    Args:
        probabilities: float array of shape (rows, columns): that a pixel belongs to a line.
        width, height: of the page, in pixels; the map may be smaller. Outlines lie within it.
    """
    rows, columns = probabilities.shape
    scale = np.array([width / columns, height / rows], np.float32)
    limit = np.array([width, height], np.float32)
    mask = (probabilities > rules.threshold).view(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours[: rules.most_candidates]:
        rectangle = cv2.minAreaRect(contour)
        if min(rectangle[1]) < _SHORTEST_SIDE:
            continue
        if _mean_inside(probabilities, _corners(rectangle)) < rules.box_threshold:
            continue
        wider = _widened(rectangle, rules.unclip_ratio)
        if min(wider[1]) < _SHORTEST_SIDE + 2:
            continue
        found.append(np.clip(np.rint(_corners(wider) * scale), 0, limit).astype(np.float32))
    return found


def _widened(rectangle: Any, unclip_ratio: float) -> Any:
    centre, (first, second), angle = rectangle
    circumference = 2 * (first + second)
    reach = first * second * unclip_ratio / circumference
    return centre, (first + 2 * reach, second + 2 * reach), angle


def _corners(rectangle: Any) -> Any:
    """Return the corners of a rectangle clockwise from the top left: float array of shape (4, 2)."""
    points = cv2.boxPoints(rectangle)
    by_x = points[np.argsort(points[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)


def _mean_inside(probabilities: Any, corners: Any) -> float:
    """Return the mean probability within a quadrilateral of the map."""
    rows, columns = probabilities.shape
    left, top = (max(0, math.floor(value)) for value in corners.min(axis=0))
    right = min(math.ceil(corners[:, 0].max()), columns - 1)
    bottom = min(math.ceil(corners[:, 1].max()), rows - 1)
    if right < left or bottom < top:
        return 0.0
    inside = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(inside, [(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(probabilities[top : bottom + 1, left : right + 1], inside)[0])

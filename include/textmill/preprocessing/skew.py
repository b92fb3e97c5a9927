"""By how much a page was fed in askew."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from textmill.preprocessing.measuring import halved, ink_mask

_MOST_DEGREES = 15.0
_COARSE_STEP, _FINE_STEP, _FINE_REACH = 0.5, 0.05, 0.6
_COARSE_STRIPS, _FINE_STRIPS = 48, 128
_GLANCE_PIXELS = 800_000
_GLANCE_STEP, _GLANCE_STRIPS = 1.0, 24
_GLANCE_DOUBT = 1.25
"""Degrees by which a glance may be wrong."""
_GLANCE_PROMINENCE = 2.0
"""With a profile less sharp than this a glance has seen nothing."""
_LEAST_SIDE = 64
"""A smaller picture says nothing about an angle."""
_SUMMIT = 0.985
"""Angles at which the profile is nearly as sharp as at its best: their mean is taken."""


@dataclass(frozen=True)
class Skew:
    """The angle at which the lines of a page fall towards the right.

    Attributes:
        degrees: positive where the right end of a line is lower than the left.
        prominence: how many times as sharp the profile is at this angle as at the median of all angles: 1 to
            2 where there are no lines, above 5 on a page of text.
    """

    degrees: float
    prominence: float


def measure_skew(grey: Any, least_degrees: float = 0.0) -> Skew:
    """Measure the skew of a thumbnail up to 15 degrees.

    The profile of the ink along lines of some angle is sharpest where the lines are those of the text; sharp
    means a large sum of squared differences between neighbouring rows (Postl, "Detection of linear oblique
    structures and skew scan in digitized documents", ICPR 1986). The picture is not turned for it: narrow
    upright strips of it are shifted against each other. The angle is found to half a degree, then to a
    twentieth unless it is surely below `least_degrees`.
    """
    if min(grey.shape) < _LEAST_SIDE:
        return Skew(0.0, 1.0)
    mask = ink_mask(grey)
    coarse = np.arange(-_MOST_DEGREES, _MOST_DEGREES + _COARSE_STEP / 2, _COARSE_STEP)
    sharpness = _sharpness(*_strips(mask, _COARSE_STRIPS), coarse)
    best, typical = int(sharpness.argmax()), float(np.median(sharpness))
    if typical <= 0:
        return Skew(0.0, 1.0)
    prominence = float(sharpness[best]) / typical
    if abs(coarse[best]) + _FINE_REACH < least_degrees:
        return Skew(float(coarse[best]), prominence)
    fine = coarse[best] + np.arange(-_FINE_REACH, _FINE_REACH + _FINE_STEP / 2, _FINE_STEP)
    finer = _sharpness(*_strips(mask, _FINE_STRIPS), fine)
    return Skew(_summit(fine, finer), prominence)


def is_surely_below(grey: Any, least_degrees: float) -> bool:
    """Tell, at a fraction of what `measure_skew` takes, whether the skew of a page is surely less than this.

    False says nothing. It is the same measure at fewer angles on a smaller picture.
    """
    if least_degrees <= _GLANCE_DOUBT:
        return False
    small = halved(grey, _GLANCE_PIXELS)
    if min(small.shape) < _LEAST_SIDE:
        return False
    angles = np.arange(-_MOST_DEGREES, _MOST_DEGREES + _GLANCE_STEP / 2, _GLANCE_STEP)
    sharpness = _sharpness(*_strips(ink_mask(small), _GLANCE_STRIPS), angles)
    best, typical = int(sharpness.argmax()), float(np.median(sharpness))
    if float(sharpness[best]) < _GLANCE_PROMINENCE * typical:
        return False
    return abs(float(angles[best])) + _GLANCE_DOUBT < least_degrees


def _strips(mask: Any, count: int) -> tuple[Any, Any]:
    """Return the ink of each row in each strip, shape (rows, strips), and how far strips are off centre."""
    width = mask.shape[1]
    edges = np.linspace(0, width, min(count, width) + 1).astype(int)
    ink = np.add.reduceat(mask, edges[:-1], axis=1, dtype=np.float32)
    return ink, (edges[:-1] + edges[1:] - width) / 2


def _sharpness(ink: Any, offsets: Any, angles: Any) -> Any:
    rows, strips = ink.shape
    margin = math.ceil(float(np.abs(offsets).max()) * math.tan(math.radians(_MOST_DEGREES + 1))) + 1
    padded = np.zeros((strips, rows + 2 * margin), np.float32)
    padded[:, margin : margin + rows] = ink.T
    sharpness = []
    for angle in angles:
        shifts = np.rint(offsets * math.tan(math.radians(float(angle)))).astype(int)
        profile = np.zeros(rows + 2 * margin, np.float32)
        for strip, shift in zip(padded, shifts, strict=True):
            first, last = max(0, -shift), len(profile) - max(0, shift)
            profile[first:last] += strip[first + shift : last + shift]
        sharpness.append(float(np.square(np.diff(profile)).sum()))
    return np.array(sharpness)


def _summit(angles: Any, sharpness: Any) -> float:
    """Return the middle of the summit: on a small picture, several angles shift strips by the same pixels."""
    best = first = last = int(sharpness.argmax())
    enough = sharpness[best] * _SUMMIT
    while first > 0 and sharpness[first - 1] >= enough:
        first -= 1
    while last + 1 < len(sharpness) and sharpness[last + 1] >= enough:
        last += 1
    summit = sharpness[first : last + 1]
    weights = summit - summit.min() + 1e-9
    return float((angles[first : last + 1] * weights).sum() / weights.sum())

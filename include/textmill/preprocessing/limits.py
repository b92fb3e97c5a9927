"""From which measured value on a step is done."""

from __future__ import annotations

import math
from dataclasses import dataclass

_NEVER = math.inf


@dataclass(frozen=True)
class Limits:
    """The least measured value at which each step is done; a step that never pays has infinity.

    Attributes:
        border_share: of the page that is dark border.
        speck_share, grain: see `textmill.preprocessing.measuring`.
        unevenness: of the paper's brightness, 0 to 1.
        skew: degrees.
        enlarged_below: letters lower than this many pixels are enlarged; here, less is stricter.
        threshold_unevenness: like `unevenness`, for making the page black and white.
    """

    border_share: float
    speck_share: float
    grain: float
    unevenness: float
    skew: float
    enlarged_below: float
    threshold_unevenness: float


ASKED_FOR = Limits(
    border_share=0.0,
    speck_share=0.0,
    grain=0.0,
    unevenness=0.0,
    skew=0.05,
    enlarged_below=math.inf,
    threshold_unevenness=0.0,
)
"""Whoever names a step gets it wherever it does anything."""

LINE_RECOGNISERS = Limits(
    border_share=_NEVER,
    speck_share=0.0005,
    grain=_NEVER,
    unevenness=_NEVER,
    skew=2.5,
    enlarged_below=8.0,
    threshold_unevenness=_NEVER,
)
"""Networks that find lines at any angle, were trained on photographs, and scale every line to one height."""

TESSERACT = Limits(
    border_share=0.05,
    speck_share=0.0005,
    grain=8.0,
    unevenness=0.1,
    skew=0.3,
    enlarged_below=14.5,
    threshold_unevenness=_NEVER,
)
"""Tesseract finds lines on a black and white picture of the whole page."""


def limits_for(engine_name: str) -> Limits:
    """Return the limits by which `auto` chooses for an engine."""
    return TESSERACT if engine_name == "tesseract" else LINE_RECOGNISERS

"""Pages on which there is surely nothing, told so quickly that every page can be asked.

Runs in the OCR runtime.
"""

from __future__ import annotations

from typing import Any

import cv2

RULES = 1
"""To be raised when another page could be taken for blank."""

_FAINTEST = 6
"""Grey levels, at half the size, from which on something may be a mark.

A line of one pixel that is 12 levels darker than the paper, which is less than a hard pencil leaves, is kept;
of noise, a standard deviation of about 3 levels. What is noisier is not surely blank.
"""
_NEIGHBOURHOOD = 25
_ROWS_AT_ONCE = 256
"""Most pages show something in their first strips, and the others need not be looked at."""
_EVERY = 8
"""Of rows and columns, this many share one that is looked at first."""
_PLAIN_SPREAD = 96
"""Grey levels between the lightest and the darkest of those; on paper, shadows may make a few dozen."""


def is_surely_blank(pixels: Any) -> bool:
    """Tell whether nothing at all stands out on a page, not even a faint pencil line or a speck of dust.

    Every pixel of the page, halved, is compared with the mean around it, in each colour by itself: so shadows
    and paper of any shade are blank, and red on green of the same brightness is not.

    Args:
        pixels: uint8 array of shape (height, width, 3).
    """
    few = pixels[::_EVERY, ::_EVERY, 1]
    if int(few.max()) - int(few.min()) > _PLAIN_SPREAD:
        return False
    return not any(
        _shows_anything(pixels[top : top + _ROWS_AT_ONCE]) for top in range(0, pixels.shape[0], _ROWS_AT_ONCE)
    )


def _shows_anything(strip: Any) -> bool:
    across, down = max(1, strip.shape[1] // 2), max(1, strip.shape[0] // 2)
    halved = cv2.resize(strip, (across, down), interpolation=cv2.INTER_AREA)
    around = cv2.blur(halved, (_NEIGHBOURHOOD, _NEIGHBOURHOOD), borderType=cv2.BORDER_REPLICATE)
    return int(cv2.absdiff(halved, around).max()) >= _FAINTEST

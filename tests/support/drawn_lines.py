"""Lines of text as pictures: in Roboto, and Chinese of straight strokes, which needs no typeface."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

_STROKES = {
    "田": "00 10|10 11|11 01|01 00|50 51|05 15",
    "中": "02 12|12 17|17 07|07 02|50 51",
    "山": "50 51|03 01|13 11|01 11",
    "口": "00 10|10 11|11 01|01 00",
}
"""Ends of strokes: 0 is the left or upper edge, 1 the right or lower one, other digits are tenths."""
_SIDE, _GAP, _MARGIN = 38, 12, 12


def typed(text: str, size: int = 32) -> Any:
    """Return a line in Roboto, a uint8 array of shape (height, width, 3)."""
    import font_roboto
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(font_roboto.Roboto, size)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text))
    picture = Image.new("RGB", (right - left + 20, bottom - top + 16), (248, 248, 248))
    ImageDraw.Draw(picture).text((10 - left, 8 - top), text, font=font, fill=(20, 20, 20))
    return np.asarray(picture)[:, :, ::-1].copy()


def chinese(text: str) -> Any:
    """Return a line of the characters 田, 中, 山, 口: a uint8 array of shape (height, width, 3)."""
    extent = (_SIDE + 2 * _MARGIN, len(text) * (_SIDE + _GAP) + 2 * _MARGIN, 3)
    picture = np.full(extent, 250, np.uint8)
    for number, character in enumerate(text):
        corner = (_MARGIN + number * (_SIDE + _GAP), _MARGIN)
        for stroke in _STROKES[character].split("|"):
            start, end = (_place(corner, one) for one in stroke.split())
            cv2.line(picture, start, end, (20, 20, 20), 3, cv2.LINE_AA)
    return picture


def _place(corner: tuple[int, int], digits: str) -> tuple[int, int]:
    across, down = (1.0 if digit == "1" else int(digit) / 10 for digit in digits)
    return corner[0] + round(across * _SIDE), corner[1] + round(down * _SIDE)

"""What can be measured on a picture of a page: its paper, its noise, the size of its text."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

_THUMBNAIL_PIXELS = 1_000_000
_EVERY = 4
"""Of rows and columns, this many share one that is looked at where only a median is wanted."""
_TEXT_PIXELS = 4_000_000
_SAMPLE_SIDE = 1024
"""Side of the square in the middle of a page in which noise is measured, at full resolution."""

_DARK_PAGE = 100
"""A page whose median grey is below this is printed light on dark."""
_NEIGHBOURHOOD = 25
_INK_BELOW_PAPER = 12
"""Grey levels by which ink is darker than the mean of its neighbourhood, seen on a thumbnail."""

_BACKGROUND_SIDE = 256
_BACKGROUND_REACH = 16
"""Of that side, how far apart lie the spots of paper that are joined: wider than any stroke of text."""

_SPECK_CONTRAST = 60
_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)

_LEAST_GLYPH, _GLYPH_ASPECT, _GLYPH_FILL = 3, (0.15, 3.0), 0.15
_LEAST_GLYPHS = 30
_STRIPS = 8
_PLAINLY = 1.25
"""Letters in samples of a page must be so many times as high as asked, that the rest need not be seen."""


def in_grey(pixels: Any) -> Any:
    """Return a picture in grey, uint8 array of shape (height, width); one that is grey already, itself."""
    return pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)


def grey_thumbnail(pixels: Any) -> Any:
    """Return a picture, in grey or in colour, in grey with at most about a million pixels; never empty."""
    return shrunk(in_grey(pixels))


def ink_mask(grey: Any) -> Any:
    """Return 1 where a thumbnail has ink, 0 for paper; knows pages that are light on dark.

    Ink is what is darker than the mean of its neighbourhood (Bradley and Roth, "Adaptive thresholding using
    the integral image", Journal of Graphics Tools 12(2), 2007), so that shadows are paper.
    """
    return _darker_than_nearby(255 - grey if is_light_on_dark(grey) else grey)


def _darker_than_nearby(dark_on_light: Any) -> Any:
    return cv2.adaptiveThreshold(
        dark_on_light,
        1,
        cv2.ADAPTIVE_THRESH_MEAN_C,
        cv2.THRESH_BINARY_INV,
        _NEIGHBOURHOOD,
        _INK_BELOW_PAPER,
    )


def is_light_on_dark(grey: Any) -> bool:
    """Tell whether most of the page is dark."""
    return float(np.median(grey[::_EVERY, ::_EVERY])) < _DARK_PAGE


def paper_colour(pixels: Any) -> tuple[int, int, int]:
    """Return blue, green and red of the most common tone of the page."""
    small = shrunk(pixels, _THUMBNAIL_PIXELS // 16).reshape(-1, 3)
    grey = small.mean(axis=1)
    counts = np.bincount((grey // 8).astype(int), minlength=32)
    tone = small[(grey // 8).astype(int) == counts.argmax()]
    blue, green, red = np.median(tone, axis=0)
    return int(blue), int(green), int(red)


def background(grey: Any) -> Any:
    """Return how bright the paper is everywhere, small: float32 array, its longer side 256 pixels at most.

    A grey closing (the brightest nearby, then the darkest of those) takes out what is smaller than its reach
    and darker than what surrounds it, which is text; Serra, "Image Analysis and Mathematical Morphology",
    1982.
    """
    scale = min(1.0, _BACKGROUND_SIDE / max(grey.shape))
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_BACKGROUND_REACH + 1,) * 2)
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, reach, borderType=cv2.BORDER_REPLICATE)
    return cv2.GaussianBlur(closed.astype(np.float32), (0, 0), _BACKGROUND_REACH / 3)


def unevenness(grey: Any) -> float:
    """Return by how much the darkest tenth of the paper is darker than the brightest, 0 to 1."""
    dark, bright = np.percentile(background(grey), [10, 90])
    return float(1 - dark / bright) if bright > 0 else 0.0


def speck_mask(grey: Any) -> Any:
    """Return 255 where a single pixel differs from all of its neighbours: dust, not a part of a stroke.

    Elsewhere 0; uint8 array of the shape of the picture.
    """
    ring = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
    lightest, darkest = cv2.dilate(grey, ring), cv2.erode(grey, ring)
    # Differences below nothing are nothing, so that one of the two is.
    contrast = cv2.max(cv2.subtract(grey, lightest), cv2.subtract(darkest, grey))
    return cv2.threshold(contrast, _SPECK_CONTRAST, 255, cv2.THRESH_BINARY)[1]


def speck_share(pixels: Any) -> float:
    """Return the share of pixels that are specks, seen in the middle of the page; grey or in colour."""
    sample = _sample(pixels)
    return float(cv2.countNonZero(speck_mask(sample)) / sample.size)


def grain(pixels: Any) -> float:
    """Return the standard deviation of the noise in grey levels, seen in the middle of the page.

    Immerkær's Laplacian mask ("Fast noise variance estimation", Computer Vision and Image Understanding
    64(2), 1996), with the median instead of the mean, so that text is not taken for noise.
    """
    sample = _sample(pixels)
    if min(sample.shape) < 3:
        return 0.0
    response = cv2.filter2D(sample.astype(np.float32), -1, _LAPLACIAN)[1:-1, 1:-1]
    return float(np.median(np.abs(response[::_EVERY, ::_EVERY])) / (6 * 0.6745))


def text_height(pixels: Any, plainly_above: float = math.inf) -> float | None:
    """Return the height of the page's letters in pixels; None on a page without text.

    Half of the letters, stacked, are lower: the median weighted by height, which small dirt does not move. It
    lies between the height of an x and that of a capital.

    Args:
        pixels: in grey or in colour.
        plainly_above: where letters in samples of the page are surely higher than this, no more is looked at,
            and their height is returned.
    """
    small = shrunk(in_grey(pixels), _TEXT_PIXELS)
    scale = small.shape[0] / pixels.shape[0]
    rough = _glyph_height(_ink_in_samples(small), small.shape[0]) if plainly_above < math.inf else None
    if rough is not None and rough >= plainly_above * scale * _PLAINLY:
        return float(rough / scale)
    height = _glyph_height(ink_mask(small), small.shape[0])
    return None if height is None else float(height / scale)


def _ink_in_samples(grey: Any) -> Any:
    """Return the ink of strips of the page one below the other; they are a quarter of it in all."""
    rows = grey.shape[0] // (_STRIPS * 4)
    if rows < _NEIGHBOURHOOD:
        return ink_mask(grey)
    dark_on_light = 255 - grey if is_light_on_dark(grey) else grey
    gap = np.zeros((1, grey.shape[1]), np.uint8)
    pieces = []
    for strip in range(_STRIPS):
        top = rows * (4 * strip + 1)
        pieces += [_darker_than_nearby(dark_on_light[top : top + rows]), gap]
    return np.concatenate(pieces)


def _glyph_height(ink: Any, page_height: int) -> float | None:
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    width, height = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    aspect, fill = width / height, stats[1:, cv2.CC_STAT_AREA] / (width * height)
    glyph = (height >= _LEAST_GLYPH) & (height < page_height / 10) & (fill > _GLYPH_FILL)
    glyph &= (aspect > _GLYPH_ASPECT[0]) & (aspect < _GLYPH_ASPECT[1])
    if int(glyph.sum()) < _LEAST_GLYPHS:
        return None
    heights = np.sort(height[glyph])
    stacked = np.cumsum(heights)
    return float(heights[np.searchsorted(stacked, stacked[-1] / 2)])


def _sample(pixels: Any) -> Any:
    height, width = pixels.shape[:2]
    top, left = max(0, (height - _SAMPLE_SIDE) // 2), max(0, (width - _SAMPLE_SIDE) // 2)
    return in_grey(np.ascontiguousarray(pixels[top : top + _SAMPLE_SIDE, left : left + _SAMPLE_SIDE]))


def halved(picture: Any, most_pixels: int) -> Any:
    """Return the picture at a half, a quarter... of its size, with at most so many pixels.

    A last odd row or column is cut off. Halving is twenty times as quick as scaling by another factor, for
    which OpenCV has to weigh pixels that are seen in part.
    """
    while picture.shape[0] * picture.shape[1] > most_pixels and min(picture.shape[:2]) > 1:
        down, across = picture.shape[0] // 2, picture.shape[1] // 2
        even = picture[: 2 * down, : 2 * across]
        picture = cv2.resize(even, (across, down), interpolation=cv2.INTER_AREA)
    return picture


def shrunk(pixels: Any, most: int = _THUMBNAIL_PIXELS) -> Any:
    """Return the picture with at most so many pixels; never empty."""
    height, width = pixels.shape[:2]
    scale = math.sqrt(most / (height * width))
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)

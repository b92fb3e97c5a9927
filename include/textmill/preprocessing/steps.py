"""The steps: each takes the picture of a page and returns it better, or as it is if it needs nothing."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from textmill.preprocessing.geometry import can_be_warped, rotation, scaling, warped
from textmill.preprocessing.measuring import (
    background,
    grain,
    is_light_on_dark,
    paper_colour,
    speck_mask,
    speck_share,
    text_height,
    unevenness,
)
from textmill.preprocessing.picture import Picture
from textmill.preprocessing.skew import is_surely_below, measure_skew

_LEAST_PROMINENCE = 4.0
"""A profile less sharp than this shows no lines of text."""
_MOST_GROWTH = 1.5
"""By which deskewing may enlarge a picture that is above the pixel budget anyway."""

_FACTOR = 2
"""Enlarging more blurs letters more than it helps."""

_VISIBLE_GRAIN = 1.0
_GRAIN_REACH = 2
_SAUVOLA_K = 0.2
_WINDOW_SHARE = 1 / 40
"""Window of the threshold as a share of the page's shorter side: about two lines of text."""


def remove_noise(picture: Picture, least_specks: float, least_grain: float) -> Picture:
    """Replace specks by the median around them, then smooth grain where there is some, keeping edges.

    Specks go by a switching median filter: only pixels that differ from all of their neighbours are touched
    (Sun and Neuvo, "Detail-preserving median based filters in image processing", Pattern Recognition Letters
    15(4), 1994). Grain goes by a bilateral filter (Tomasi and Manduchi, ICCV 1998).
    """
    done, pixels = [], picture.pixels
    share = speck_share(picture.grey)
    if share > 0 and share >= least_specks:
        pixels = _without_specks(pixels, speck_mask(picture.grey))
        done.append("specks")
    noise = grain(pixels) if least_grain < math.inf else 0.0
    if noise >= max(_VISIBLE_GRAIN, least_grain):
        pixels = cv2.bilateralFilter(pixels, 2 * _GRAIN_REACH + 1, 3 * noise, _GRAIN_REACH)
        done.append("grain")
    return picture.after(pixels, f"{' and '.join(done)} removed") if done else picture


def _without_specks(pixels: Any, specks: Any) -> Any:
    """Return a picture with the median of what lies around each speck in its place."""
    cleaned = pixels.copy()
    rows, columns = specks.nonzero()
    around = [
        pixels[
            np.clip(rows + down, 0, pixels.shape[0] - 1), np.clip(columns + across, 0, pixels.shape[1] - 1)
        ]
        for down in (-1, 0, 1)
        for across in (-1, 0, 1)
    ]
    cleaned[rows, columns] = np.median(np.stack(around), axis=0)
    return cleaned


def flatten_illumination(picture: Picture, least: float) -> Picture:
    """Divide the page by the brightness of its paper, so that shadows and stains become paper.

    Colours keep their hue. A page that is light on dark is left as it is.
    """
    grey = picture.thumbnail
    if least > 1 or is_light_on_dark(grey) or unevenness(grey) < least:
        return picture
    paper = background(grey)
    gain = np.clip(float(np.percentile(paper, 90)) / np.maximum(paper, 1.0), 1.0, 8.0)
    full = cv2.resize(gain, (picture.width, picture.height), interpolation=cv2.INTER_LINEAR)
    pixels = np.empty_like(picture.pixels)
    for channel in range(3):
        pixels[..., channel] = cv2.multiply(picture.pixels[..., channel], full, dtype=cv2.CV_8U)
    return picture.after(pixels, "illumination flattened")


def deskew(picture: Picture, least_degrees: float, pixel_budget: int) -> Picture:
    """Turn the page by its skew, on a canvas that holds all of it."""
    if is_surely_below(picture.grey, least_degrees):
        return picture
    skew = measure_skew(picture.thumbnail, least_degrees)
    if abs(skew.degrees) < least_degrees or skew.prominence < _LEAST_PROMINENCE:
        return picture
    matrix, width, height = rotation(picture.width, picture.height, skew.degrees)
    most = max(pixel_budget, _MOST_GROWTH * picture.width * picture.height)
    if width * height > most or not can_be_warped(width, height, picture.width, picture.height):
        return picture
    pixels = warped(picture.pixels, matrix, width, height, paper_colour(picture.pixels))
    return picture.after(pixels, f"deskewed {skew.degrees:.1f}°", matrix=matrix)


def enlarge(picture: Picture, below: float, pixel_budget: int) -> Picture:
    """Enlarge a page whose letters are lower than `below` pixels, within the pixel budget.

    A page without text stays as it is.
    """
    sides = (_FACTOR * picture.width, _FACTOR * picture.height)
    if sides[0] * sides[1] > pixel_budget or not can_be_warped(*sides):
        return picture
    height = text_height(picture.grey, plainly_above=below)
    if height is None or height >= below:
        return picture
    pixels = cv2.resize(picture.pixels, sides, interpolation=cv2.INTER_CUBIC)
    dpi = picture.dpi * _FACTOR if picture.dpi else None
    return picture.after(pixels, f"upscaled {_FACTOR}×", matrix=scaling(_FACTOR), dpi=dpi)


def binarise(picture: Picture, least_unevenness: float) -> Picture:
    """Make the page black and white, each pixel by its surroundings.

    Sauvola and Pietikäinen, "Adaptive document image binarization", Pattern Recognition 33(2), 2000. A page
    that is light on dark becomes dark on light.
    """
    too_small = min(picture.width, picture.height) < 3
    if too_small or least_unevenness > 1 or unevenness(picture.thumbnail) < least_unevenness:
        return picture
    grey = 255 - picture.grey if is_light_on_dark(picture.thumbnail) else picture.grey
    window = max(15, round(min(picture.width, picture.height) * _WINDOW_SHARE)) | 1
    black_and_white = cv2.ximgproc.niBlackThreshold(
        grey,
        255,
        cv2.THRESH_BINARY,
        window,
        _SAUVOLA_K,
        binarizationMethod=cv2.ximgproc.BINARIZATION_SAUVOLA,
    )
    return picture.after(cv2.cvtColor(black_and_white, cv2.COLOR_GRAY2BGR), "made black and white")

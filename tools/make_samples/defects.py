"""What paper, ink, scanners and cameras do to a page: pure functions from pixels to pixels.

Chance comes from an explicit seed only. Light and
ink are computed in double precision, so that the last bit of a processor's exponential function does
not reach the rounded result.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.make_samples.pixels import Colour, Pixels

Field: TypeAlias = NDArray[np.float64]

PAPER_WHITE: Colour = (255, 255, 255)


def skew(pixels: Pixels, *, degrees: float, border: Colour = PAPER_WHITE) -> Pixels:
    """Turn the page anticlockwise about its centre, as if fed in askew; the size stays."""
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(pixels, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=border)
    return cast(Pixels, turned)


def photograph(pixels: Pixels, *, tilt: float, margin: float, table: Colour) -> Pixels:
    """See the page lying on a table: `margin` and `tilt` are shares of the page's width."""
    height, width = pixels.shape[:2]
    m, t = margin * width, tilt * width
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
    seen = np.array(
        [
            (m + t, m),
            (width - m - t / 2, m + t / 3),
            (width - m / 2, height - m),
            (m / 2, height - m - t / 3),
        ],
        dtype=np.float32,
    )
    view = cv2.getPerspectiveTransform(corners, seen)
    image = cv2.warpPerspective(pixels, view, (width, height), flags=cv2.INTER_LINEAR, borderValue=table)
    return cast(Pixels, image)


def blur(pixels: Pixels, *, sigma: float) -> Pixels:
    """Slightly out of focus; `sigma` in pixels."""
    return cast(Pixels, cv2.GaussianBlur(pixels, (0, 0), sigma))


def grain(pixels: Pixels, *, sigma: float, seed: int) -> Pixels:
    """Gaussian sensor noise, the same in all three channels; `sigma` in grey levels."""
    noise = np.random.default_rng(seed).normal(0.0, sigma, pixels.shape[:2])
    return _clipped(pixels + noise[..., None])


def specks(pixels: Pixels, *, share: float, seed: int) -> Pixels:
    """Salt and pepper: this share of the pixels turns black or white."""
    chance = np.random.default_rng(seed).random(pixels.shape[:2])
    result = pixels.copy()
    result[chance < share / 2] = 0
    result[chance > 1 - share / 2] = 255
    return result


def fade(pixels: Pixels, *, strength: float, patchiness: float = 0.0, seed: int = 0) -> Pixels:
    """Pale ink: what is dark moves towards white by `strength`, in patches more, in others less."""
    height, width = pixels.shape[:2]
    coarse = np.random.default_rng(seed).random((12, 9))
    patches = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR) - 0.5
    lost = np.clip(strength + patchiness * patches, 0.0, 1.0)[..., None]
    return _clipped(255 - (255 - pixels.astype(np.float64)) * (1 - lost))


def tint(pixels: Pixels, *, paper: Colour) -> Pixels:
    """Old or cheap paper: white becomes `paper`, ink stays dark."""
    return _clipped(pixels * (np.array(paper) / 255))


def gutter_shadow(pixels: Pixels, *, side: Literal["left", "right"], reach: float, depth: float) -> Pixels:
    """The dark strip where a bound page bends away; `reach` as a share of the width."""
    width = pixels.shape[1]
    distance = np.arange(width) / width
    distance = distance if side == "left" else distance[::-1]
    return _lit(pixels, 1 - depth * np.exp(-((distance / reach) ** 2))[None, :])


def lamp(pixels: Pixels, *, centre: tuple[float, float], depth: float) -> Pixels:
    """Light from one point of the page (x, y as shares), falling off by `depth` over a page's width."""
    x, y = _grid(pixels)
    squared = (x - centre[0]) ** 2 + (y - centre[1]) ** 2
    return _lit(pixels, 1 - depth * np.minimum(squared, 1.0))


def crease(pixels: Pixels, *, at: float, depth: float, direction: Literal["across", "down"]) -> Pixels:
    """A fold: a thin dark line with a pale ridge beside it, at this share of the height or width."""
    height, width = pixels.shape[:2]
    length = height if direction == "across" else width
    distance = np.arange(length) - at * length
    thick = length / 900
    light = 1 - depth * np.exp(-((distance / thick) ** 2))
    light += depth / 3 * np.exp(-(((distance - 3 * thick) / (2 * thick)) ** 2))
    return _lit(pixels, light[:, None] if direction == "across" else light[None, :])


def coffee_ring(pixels: Pixels, *, centre: tuple[float, float], radius: float, depth: float) -> Pixels:
    """The brown ring of a cup; centre in shares of the page, radius as a share of its width."""
    x, y = _grid(pixels)
    aspect = pixels.shape[0] / pixels.shape[1]
    angle = np.arctan2((y - centre[1]) * aspect, x - centre[0])
    distance = np.hypot(x - centre[0], (y - centre[1]) * aspect) / radius
    wet = 0.75 + 0.25 * np.sin(3 * angle + 1.0)
    rim = np.exp(-(((distance - 1) / 0.035) ** 2)) * wet
    pool = 0.18 * (distance < 1)
    absorbed = depth * np.maximum(rim, pool)[..., None] * np.array([0.35, 0.6, 1.0])
    return _clipped(pixels * (1 - absorbed))


def show_through(pixels: Pixels, *, strength: float) -> Pixels:
    """The print of the back shining through: the page's own, mirrored and blurred."""
    back = cv2.GaussianBlur(np.ascontiguousarray(pixels[:, ::-1]), (0, 0), 2.0)
    passed: Field = 1 - strength * (1 - back.astype(np.float64) / 255)
    return _clipped(pixels * passed)


def _grid(pixels: Pixels) -> tuple[Field, Field]:
    """x and y of every pixel as shares of width and height, shaped to broadcast."""
    height, width = pixels.shape[:2]
    return (np.arange(width) / width)[None, :], (np.arange(height) / height)[:, None]


def _lit(pixels: Pixels, light: Field) -> Pixels:
    return _clipped(pixels * light[..., None])


def _clipped(values: Field) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)

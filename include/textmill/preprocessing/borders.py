"""Dark borders that a scanner or copier leaves around a page."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from textmill.preprocessing.geometry import cropping
from textmill.preprocessing.measuring import grey_thumbnail
from textmill.preprocessing.picture import Picture

_DARK = 0.45
"""A border is darker than this share of the paper's brightness."""
_STROKE_SHARE = 0.012
"""Of the page's shorter side: what is thinner is text or a rule, no border."""
_MOST_SHARE = 0.4
"""If more of the page than this were border, it is no border but a dark page."""
_MOST_HOLES = 2
"""A dark area with more bright islands than this has text in it."""
_LEAST_ALONG_EDGE = 0.25
"""Of the edge that it touches."""
_PAPER_SIDE = 128
_EDGES = (np.s_[0, :], np.s_[-1, :], np.s_[:, 0], np.s_[:, -1])


def remove_borders(picture: Picture, least_share: float) -> Picture:
    """Paint dark borders over with the paper's colour, and crop rows and columns that were nothing else.

    A border is a dark area that touches an edge of the page for a good part of it, is thicker than any
    letter, and has no text in it.
    """
    if least_share > _MOST_SHARE:
        return picture
    mask = border_mask(picture.thumbnail)
    share = float(mask.mean())
    if share <= 0 or share < least_share:
        return picture
    size = (picture.width, picture.height)
    covered = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    left, top, right, bottom = _page_box(covered)
    pixels = picture.pixels.copy()
    cv2.copyTo(_paper_nearby(pixels, mask), covered, pixels)
    pixels = np.ascontiguousarray(pixels[top:bottom, left:right])
    return picture.after(pixels, "borders removed", matrix=cropping(left, top))


def border_mask(thumbnail: Any) -> Any:
    """Return 1 where a thumbnail in grey has dark border, uint8 array of its shape."""
    nothing = np.zeros(thumbnail.shape, np.uint8)
    paper = float(np.percentile(thumbnail[::4, ::4], 80))
    dark = (thumbnail < paper * _DARK).astype(np.uint8)
    thick = max(3, round(min(thumbnail.shape) * _STROKE_SHARE))
    if min(thumbnail.shape) < 4 * thick or not any(dark[edge].any() for edge in _EDGES):
        return nothing
    solid = _opened(dark, thick)
    count, labels = cv2.connectedComponents(solid, connectivity=4)
    borders = nothing
    for label in range(1, count):
        area = (labels == label).astype(np.uint8)
        if _is_border(area):
            borders |= area
    if not borders.any() or float(borders.mean()) > _MOST_SHARE:
        return nothing
    # Scanners' borders fade into the page: take the rim too.
    return cv2.dilate(borders, np.ones((5, 5), np.uint8))


def _opened(dark: Any, thick: int) -> Any:
    """Take out what is thinner than `thick`; beyond the edges the darkness is thought to go on."""
    padded = cv2.copyMakeBorder(dark, thick, thick, thick, thick, cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((thick, thick), np.uint8))
    return np.ascontiguousarray(opened[thick:-thick, thick:-thick])


def _is_border(area: Any) -> bool:
    along = max(float(area[edge].mean()) for edge in _EDGES)
    if along < _LEAST_ALONG_EDGE:
        return False
    _, hierarchy = cv2.findContours(area, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    holes = int((hierarchy[0][:, 3] >= 0).sum())
    return holes <= _MOST_HOLES


def _paper_nearby(pixels: Any, mask: Any) -> Any:
    """Return a picture of the page's size that has the tone of the paper, continued over the borders.

    Paper is averaged where it is known, and the average spreads to where it is not (normalised convolution:
    Knutsson and Westin, CVPR 1993).
    """
    height, width = pixels.shape[:2]
    scale = _PAPER_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    # The closing takes the text out, so that its grey does not darken the paper.
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)).astype(np.float32)
    known = (cv2.resize(mask * 255, size, interpolation=cv2.INTER_AREA) == 0).astype(np.float32)
    spread = _PAPER_SIDE / 12
    weight = cv2.GaussianBlur(known, (0, 0), spread) + 1e-6
    total = cv2.GaussianBlur(paper * known[..., np.newaxis], (0, 0), spread)
    tone = np.clip(total / weight[..., np.newaxis], 0, 255).astype(np.uint8)
    return cv2.resize(tone, (width, height), interpolation=cv2.INTER_LINEAR)


def _page_box(covered: Any) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what is not wholly border."""
    rows, columns = np.flatnonzero(~covered.all(axis=1)), np.flatnonzero(~covered.all(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def border_share(pixels: Any) -> float:
    """Return the share of the page that is dark border."""
    return float(border_mask(grey_thumbnail(pixels)).mean())

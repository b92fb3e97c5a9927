"""Tell text that moved up or down from text that was replaced.

The half of the region that stays visible in a scroll is looked for above and below its old place by
normalised cross-correlation (Lewis, "Fast Normalized Cross-Correlation", 1995), in the picture of contrasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from textmill.video_reading.strokes import STRONG, Box, Look

_LEAST_CHANGED = 150
"""Pixels of strokes; fewer are a word, and a word that moves is none that scrolls."""
_JOINED = (25, 45)
"""Changed strokes no farther apart than this, across and down, moved together."""
_MARGIN = 4
"""Pixels around them that belong to their region."""
_LEAST_HEIGHT = 24
_ALIKE = 0.75
_BETTER_BY = 0.15
"""How much better the moved content must fit than the content in its old place."""
_MOST_REGIONS = 3


@dataclass(frozen=True)
class Scroll:
    """The content of a region moved up by `rows` pixels of the small picture (down where negative)."""

    region: Box
    rows: int


def find_scrolls(before: Look, now: Look, changed: Any, differing: Any) -> list[Scroll]:
    """Return where text scrolled between two looks.

    Args:
        changed: bool array of the looks' shape: strokes that stood and have changed.
        differing: bool array of the same shape: whatever has changed.
    """
    if np.count_nonzero(changed) < _LEAST_CHANGED:
        return []
    joined = cv2.dilate(changed.astype(np.uint8), np.ones(_JOINED[::-1], np.uint8))
    count, labels = cv2.connectedComponents(joined)
    labels[~changed] = 0
    pixels = np.bincount(labels.ravel(), minlength=count)
    scrolls = []
    for label in sorted(range(1, count), key=lambda one: -pixels[one])[:_MOST_REGIONS]:
        if pixels[label] < _LEAST_CHANGED:
            break
        region = _around(labels == label)
        if region.bottom - region.top < _LEAST_HEIGHT:
            continue
        if rows := _rows_moved(region.cut(before.contrast), region.cut(now.contrast)):
            region = _whole_lines(region, before.contrast >= STRONG)
            scrolls.append(Scroll(_with_what_enters(region, rows, now, differing), rows))
    return scrolls


def _around(mask: Any) -> Box:
    """Return the box around the pixels of a mask, with a margin."""
    down, across = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = Box(int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1).grown(_MARGIN)
    return box._replace(right=min(box.right, mask.shape[1]), bottom=min(box.bottom, mask.shape[0]))


def _whole_lines(region: Box, strokes: Any) -> Box:
    """Return the region as wide as the lines in it: where all begin alike, only their ends have changed."""
    rows = region._replace(left=0, right=strokes.shape[1])
    joined = cv2.morphologyEx(rows.cut(strokes).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, _JOINED[0])))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    lines = [
        (left, left + width)
        for left, _, width, _, _ in stats.tolist()[1:]
        if left < region.right and left + width > region.left
    ]
    return region._replace(
        left=min([region.left, *(left for left, _ in lines)]),
        right=max([region.right, *(right for _, right in lines)]),
    )


def _with_what_enters(region: Box, rows: int, now: Look, differing: Any) -> Box:
    """Return the region with the strip from which content enters it, if that moves too."""
    if rows > 0:
        grown = region._replace(bottom=min(now.grey.shape[0], region.bottom + rows))
        strip = grown._replace(top=region.bottom)
    else:
        grown = region._replace(top=max(0, region.top + rows))
        strip = grown._replace(bottom=region.top)
    strokes = strip.cut(now.contrast) >= STRONG
    moving = np.count_nonzero(strokes & strip.cut(differing))
    return grown if moving and moving >= np.count_nonzero(strokes) / 2 else region


def _rows_moved(before: Any, now: Any) -> int:
    """Return by how many rows the content moved up, 0 when it did not or when that cannot be told."""
    half = before.shape[0] // 2
    ups = _fit(before[half:], now)
    downs = _fit(before[:half], now)
    up, down = int(ups[:half].argmax()), 1 + int(downs[1:].argmax())
    score, unmoved, rows = max(
        (float(ups[up]), float(ups[half]), half - up), (float(downs[down]), float(downs[0]), -down)
    )
    return rows if score >= _ALIKE and score >= unmoved + _BETTER_BY else 0


def _fit(part: Any, whole: Any) -> Any:
    """Return how well `part` fits at each row of `whole`."""
    if part.std() < 1:  # nothing to go by
        return np.zeros(whole.shape[0] - part.shape[0] + 1)
    return np.nan_to_num(cv2.matchTemplate(whole, part, cv2.TM_CCOEFF_NORMED)[:, 0])

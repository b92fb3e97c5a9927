"""Keep watch over a stretch of video: since when each place looks as it does, and what has not been read.

For each pixel of the small picture the look that it holds is remembered, with the time since when. A pixel
that differs once has been disturbed (an encoder's hiccup); one that differs twice in a row and the same both
times holds something new; one that never looks the same twice is in motion and cannot be read.

Reading is put off for as long as possible: strokes that stand still and are in no frame that was read are
*unread*, and only when some of them vanish must the last frame that shows them all be read. To read each
thing at the moment when it is about to go is the smallest number of readings that sees everything (stabbing
intervals by their earliest end, e.g. Kleinberg and Tardos, "Algorithm Design", section 4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from textmill.video_reading.scrolling import Scroll
from textmill.video_reading.strokes import STRONG, Box, Look, letters_in

_GREY_TOLERANCE = (12.0, 0.3)
_CONTRAST_TOLERANCE = (12.0, 0.5)
"""Two looks are the same within so many grey levels plus this share of the contrast there."""
_FOLLOWING = 0.1
"""Share by which a remembered look follows slow changes of the light."""
GONE_AFTER = 2
"""Looks in a row after which something that is not there is gone."""


class StrokeWatch:
    """What a stretch of video looks like and what of it is unread. Arrays are of the small picture's shape.

    Attributes:
        since: int32, the time in ms since when a pixel holds its look.
        missing: uint8, how many looks in a row a pixel did not look as remembered.
        missing_since: int32, the time of the first of these looks.
        unread: bool, strokes that stand still and are in no frame that was read.
        disturbed: whether unread strokes were missing at the last look, so that it shows not all of them.
    """

    def __init__(self, first: Look, at_ms: int, *, step_ms: float, interval_ms: float) -> None:
        shape = first.grey.shape
        self._step_ms = step_ms
        self._interval_ms = interval_ms
        self._read_at = -1
        self._grey, self._contrast = first.grey.copy(), first.contrast.copy()
        self._next_grey, self._next_contrast = first.grey, first.contrast
        self._next_since = np.full(shape, at_ms, np.int32)
        self.since = np.full(shape, at_ms, np.int32)
        self.missing = np.zeros(shape, np.uint8)
        self.missing_since = np.zeros(shape, np.int32)
        self.unread = np.zeros(shape, bool)
        self._barren = np.zeros(shape, bool)
        self._same = np.ones(shape, bool)

    @property
    def disturbed(self) -> bool:
        """See the class."""
        return bool(letters_in(self.unread & (self.missing > 0)))

    @property
    def differing(self) -> Any:
        """Bool array: what does not look as remembered, by the last comparison."""
        return ~self._same

    def compare(self, look: Look, at_ms: int) -> Any:
        """Note which pixels look as remembered; returns those standing strokes that have just changed."""
        self._same = _alike(look.grey, look.contrast, self._grey, self._contrast)
        return (
            ~self._same
            & (self.missing == 0)
            & (self._contrast >= STRONG)
            & (self.since <= at_ms - self._step_ms)
        )

    def vanish(self, at_ms: int) -> list[Box]:
        """Count what is missing; returns where unread strokes are now gone for good."""
        first = ~self._same & (self.missing == 0)
        self.missing_since[first] = at_ms
        self.missing[self._same] = 0
        self.missing[~self._same] = np.minimum(self.missing[~self._same] + 1, GONE_AFTER + 1)
        return letters_in(self.unread & (self.missing == GONE_AFTER))

    def settle(self, look: Look, at_ms: int) -> None:
        """Remember the new looks of pixels that changed, and find what is unread."""
        again = _alike(look.grey, look.contrast, self._next_grey, self._next_contrast)
        new = ~self._same & again & (self.missing >= GONE_AFTER)
        self._grey = np.where(new, look.grey, self._grey + _FOLLOWING * self._same * (look.grey - self._grey))
        self._contrast = np.where(new, look.contrast, self._contrast)
        self.since[new] = self._next_since[new]
        self.missing[new] = 0
        fresh = self._same | ~again
        self._next_since[fresh] = at_ms
        self._next_grey, self._next_contrast = look.grey, look.contrast
        stood_ms = np.where(self._barren, self._interval_ms, self._step_ms)
        standing = (self._same | new) & (self._contrast >= STRONG) & (at_ms - self.since >= stood_ms)
        unread_still = self.unread & ~new & (self.missing < GONE_AFTER)
        self.unread = (unread_still | standing) & (self.since > self._read_at)

    def unread_at_last(self) -> list[Box]:
        """Return where strokes are unread when nothing more is to come, however briefly they stood."""
        visible = (self.missing == 0) & (self._contrast >= STRONG) & (self.since > self._read_at)
        return letters_in(visible)

    def note_read(self, at_ms: int) -> None:
        """Take all that could be seen in the frame at this time for read."""
        self._read_at = at_ms
        self.unread &= self.since > at_ms

    def distrust(self, places: list[Box]) -> None:
        """Note that strokes in these places made no text: from now on they must stand for an interval."""
        for place in places:
            place.grown(4).cut(self._barren)[:] = True
        self.unread &= ~self._barren

    def lost_in_scroll(self, scrolls: Sequence[Scroll], look: Look) -> list[Box]:
        """Return where unread strokes leave their region, or do not arrive where they should."""
        lost = self.unread & ~self._same
        for scroll in scrolls:
            unread = scroll.region.cut(self.unread)
            arrived = unread.copy()
            _roll(arrived, scroll.rows, False)
            arrived &= _near(scroll.region.cut(look.contrast) >= STRONG / 2)
            _roll(arrived, -scroll.rows, False)
            scroll.region.cut(lost)[:] = unread & ~arrived
        return letters_in(lost)

    def move(self, scroll: Scroll, look: Look, at_ms: int) -> None:
        """Follow the content of a region."""
        region, rows = scroll.region, scroll.rows
        grey, contrast = region.cut(self._grey), region.cut(self._contrast)
        since, unread, missing = (region.cut(array) for array in (self.since, self.unread, self.missing))
        for array, blank in ((contrast, 0), (since, at_ms), (unread, False)):
            _roll(array, rows, blank)
        # Pixels fall between rows when they move: only strokes far from any others are of something else.
        before, now = contrast >= STRONG, region.cut(look.contrast) >= STRONG
        other = (now & ~_near(contrast >= STRONG / 2)) | (
            before & ~_near(region.cut(look.contrast) >= STRONG / 2)
        )
        since[other], unread[other], missing[:] = at_ms, False, 0
        grey[:], contrast[:] = region.cut(look.grey), region.cut(look.contrast)
        region.cut(self._next_since)[:] = at_ms
        region.cut(self._same)[:] = True


def _alike(grey: Any, contrast: Any, other_grey: Any, other_contrast: Any) -> Any:
    most = np.maximum(contrast, other_contrast)
    same_grey = np.abs(grey - other_grey) <= _GREY_TOLERANCE[0] + _GREY_TOLERANCE[1] * most
    return same_grey & (
        np.abs(contrast - other_contrast) <= _CONTRAST_TOLERANCE[0] + _CONTRAST_TOLERANCE[1] * most
    )


def _near(mask: Any) -> Any:
    """Return the pixels that have one of `mask` within a pixel's distance."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _roll(view: Any, rows: int, blank: Any) -> None:
    if rows > 0:
        view[:-rows] = view[rows:].copy()
        view[-rows:] = blank
    else:
        view[-rows:] = view[:rows].copy()
        view[:-rows] = blank

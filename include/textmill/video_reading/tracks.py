"""Lines of text over time: one track per line, however often it is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from textmill.records import LineRecord
from textmill.video_reading.scrolling import Scroll
from textmill.video_reading.strokes import STRONG, Box, Look
from textmill.video_reading.watch import GONE_AFTER, StrokeWatch

_SAME_PLACE = 0.6
"""Share of the smaller box that two readings of one line have in common."""
_SAME_TEXT = 0.5
"""Likeness from which on two readings in one place are of one line; what stands there did not change."""
_SAME_LINE_AGAIN = 0.95
_SAME_LINE_MOVED = 0.8
"""Likeness from which on a line that was lost for a moment, or that scrolled, is taken for found: after a
moment, what stands there may as well be the next caption."""
_LONGER_BY = 1.1
_LOST_SHARE = 0.4
"""Share of a line's strokes that must be gone for the line to be gone: letters of another line that
happens to stand in its place cover about half of them."""
_LOOKS_ALIKE = 0.8
"""Correlation of grey levels from which on two pictures show the same letters. It does not change while a
picture fades, and hardly when something moves behind the letters."""
_LEAST_CONTRAST = 3.0
"""Standard deviation of grey levels below which nothing can be seen."""
_LEAST_SIDE = 3
_CHANGED_PIXELS = 10
_EARLY = 0.25
"""Quantile of the times of a line's strokes at which it is said to have come: some are disturbed later."""
_ROWS_OF_DOUBT = 2.0
"""Line heights by which the place of a line that scrolled may be off."""


@dataclass(frozen=True)
class SeenLine:
    """A line as it was read in one frame.

    Attributes:
        record: the text, outlined in pixels of the frame.
        box: around its outline, in pixels of the small picture.
        strokes: bool array of the box's shape: the letters.
        picture: float32 array of the same shape: the box in grey.
        times: int array: since when each pixel of the letters looked as it did, in ms.
    """

    record: LineRecord
    box: Box
    strokes: Any
    picture: Any
    times: Any

    @property
    def start_ms(self) -> int:
        """Since when the line stood there."""
        return int(np.quantile(self.times, _EARLY, method="lower"))

    def changed_since(self, at_ms: int) -> bool:
        """Tell whether a letter of it is younger than that."""
        return int((self.times > at_ms).sum()) >= _CHANGED_PIXELS


@dataclass
class LineTrack:
    """A line over time.

    Attributes:
        record: its best reading.
        box, strokes: where its letters are now, in the small picture.
        picture: the box in grey when it was read, a float32 array.
        seen_at: when it was last read, in ms.
        shift: pixels of the frame by which its outline lies lower on the page than in the frame, because what
            stood above had scrolled away when it was read.
        end_ms: when it went, None while it is there.
        scrolls: it has moved with its region.
        scrolled_away: it went by moving out of its region, not by vanishing.
    """

    record: LineRecord
    box: Box
    strokes: Any
    picture: Any
    start_ms: int
    seen_at: int
    shift: float = 0.0
    end_ms: int | None = None
    scrolls: bool = False
    scrolled_away: bool = False

    @property
    def weight(self) -> int:
        """How much of the picture's text it is."""
        return (self.box.right - self.box.left) * (self.box.bottom - self.box.top)

    def looks_alike(self, look: Look, part: Box | None = None) -> bool:
        """Tell whether the line, or a part of it, still looks as it was read, however faint or bright."""
        return self._likeness(look, part or self.box, 0) >= _LOOKS_ALIKE

    def _likeness(self, look: Look, part: Box, rows: int) -> float:
        """Return how like its picture the part is, had it moved up by `rows`: a correlation, 0 if unseen."""
        height, width = look.grey.shape
        left, top = max(part.left, self.box.left, 0), max(part.top, self.box.top, rows)
        right, bottom = (
            min(part.right, self.box.right, width),
            min(part.bottom, self.box.bottom, height + rows),
        )
        if right - left < _LEAST_SIDE or bottom - top < _LEAST_SIDE:
            return 0.0
        seen = Box(left, top - rows, right, bottom - rows).cut(look.grey)
        read = Box(
            left - self.box.left, top - self.box.top, right - self.box.left, bottom - self.box.top
        ).cut(self.picture)
        if seen.std() < _LEAST_CONTRAST or read.std() < _LEAST_CONTRAST:
            return 0.0
        return float(np.corrcoef(seen.ravel(), read.ravel())[0, 1])

    def gone_since(self, watch: StrokeWatch, looks: Sequence[tuple[int, Look]]) -> int | None:
        """Return since when the line is gone, None while it is there.

        Args:
            looks: the last ones with their times, the latest last: a line that fades is there to the end.
        """
        missing = self.box.cut(watch.missing) >= GONE_AFTER
        since = self.box.cut(watch.since)
        gone = self.strokes & (missing | (since > self.seen_at))
        if not gone.any() or gone.sum() < _LOST_SHARE * self.strokes.sum():
            return None
        alike = [self.looks_alike(look) for _, look in looks]
        if alike[-1]:
            return None
        if any(alike):
            last = max(index for index, is_alike in enumerate(alike) if is_alike)
            return looks[last + 1][0]
        return int(np.median(np.where(missing, self.box.cut(watch.missing_since), since)[gone]))

    def is_in(self, region: Box) -> bool:
        """Tell whether the middle of the line lies in a region."""
        down, across = (self.box.top + self.box.bottom) // 2, (self.box.left + self.box.right) // 2
        return region.top <= down < region.bottom and region.left <= across < region.right

    def follow(self, scroll: Scroll, look: Look, at_ms: int) -> None:
        """Move with the region that the line is in, or out of it; a line that stands still there stays."""
        region, rows = scroll.region, scroll.rows
        if not self.is_in(region):
            return
        still = self._likeness(look, self.box, 0)
        if still >= _LOOKS_ALIKE and still >= self._likeness(look, self.box, rows):
            return
        middle = (self.box.top + self.box.bottom) // 2 - rows
        self.scrolls = True
        self.box = self.box._replace(top=self.box.top - rows, bottom=self.box.bottom - rows)
        if not region.top <= middle < region.bottom or self.box.top < 0:
            self.end_ms, self.scrolled_away = at_ms, True

    def improve(self, seen: SeenLine, read_at: int, shift: float) -> None:
        """Take in another reading of the same line: a more certain one is kept, and a longer one always."""
        longer = _outgrows(seen.box, self.box)
        if longer or (seen.record.confidence > self.record.confidence and not _outgrows(self.box, seen.box)):
            self.record, self.shift = seen.record, shift if self.scrolls else self.shift
        if not _outgrows(self.box, seen.box):
            self.box, self.strokes, self.picture = seen.box, seen.strokes, seen.picture
            self.seen_at = read_at


def see_line(record: LineRecord, look: Look, since: Any) -> SeenLine:
    """Return a line of a frame with the strokes that are its letters.

    Args:
        since: since when the pixels of the frame looked as they did, see `StrokeWatch.since`.
    """
    height, width = look.grey.shape
    xs = [x / look.scale for x, _ in record.polygon]
    ys = [y / look.scale for _, y in record.polygon]
    left, top = min(max(0, int(min(xs))), width - 1), min(max(0, int(min(ys))), height - 1)
    right, bottom = min(width, max(left + 1, round(max(xs)))), min(height, max(top + 1, round(max(ys))))
    box = Box(left, top, right, bottom)
    strokes = box.cut(look.contrast) >= STRONG
    if not strokes.any():  # fainter than what the watch goes by: the whole place stands for it
        strokes = np.ones_like(strokes)
    return SeenLine(record, box, strokes, box.cut(look.grey).copy(), box.cut(since)[strokes])


def share_in_common(one: Box, other: Box) -> float:
    """Return the share of the smaller box that both have in common."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    if across <= 0 or down <= 0:
        return 0.0
    areas = [(box.right - box.left) * (box.bottom - box.top) for box in (one, other)]
    return across * down / min(areas)


def likeness(one: str, other: str) -> float:
    """Return how alike two texts are, 0 to 1, whatever their spaces and capitals (Ratcliff and Obershelp).

    1 where one is a part of the other: detectors cut the same line in different places.
    """
    first, second = (re.sub(r"\s+", "", text).lower() for text in (one, other))
    if first in second or second in first:
        return 1.0
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def is_same_line(track: LineTrack, seen: SeenLine) -> bool:
    """Tell whether a reading is of a line that is there already, by its place, its text and what changed."""
    if track.end_ms is not None or share_in_common(track.box, seen.box) < _SAME_PLACE:
        return False
    if likeness(track.record.text, seen.record.text) < _SAME_TEXT:
        return False
    counted_on = _numbers(track.record.text) != _numbers(seen.record.text)
    return not (counted_on and seen.changed_since(track.seen_at)) or _outgrows(seen.box, track.box)


def is_line_again(track: LineTrack, seen: SeenLine, patience_ms: float) -> bool:
    """Tell whether a reading is of a line that scrolled, or was lost for a moment: shaken, or covered."""
    if track.scrolled_away or (track.end_ms is None and not track.scrolls):
        return False
    if track.end_ms is not None and seen.start_ms - track.end_ms > patience_ms:
        return False
    if track.end_ms is not None and seen.start_ms < track.seen_at:
        # It was there already when the other was read, and would have been read along with it.
        return likeness(track.record.text, seen.record.text) >= _SAME_LINE_AGAIN
    height = max(track.box.bottom - track.box.top, seen.box.bottom - seen.box.top)
    off = max(abs(track.box.top - seen.box.top), abs(track.box.left - seen.box.left))
    if off > _ROWS_OF_DOUBT * height or _numbers(track.record.text) != _numbers(seen.record.text):
        return False
    least = _SAME_LINE_AGAIN if track.end_ms is not None else _SAME_LINE_MOVED
    return likeness(track.record.text, seen.record.text) >= least


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+", text)


def _outgrows(box: Box, other: Box) -> bool:
    return box.right - box.left >= _LONGER_BY * (other.right - other.left)

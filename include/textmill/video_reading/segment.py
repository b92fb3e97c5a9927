"""A stretch of video that becomes one page: which lines are in it, and when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textmill.video_reading.scrolling import Scroll
from textmill.video_reading.strokes import Box, Look
from textmill.video_reading.tracks import (
    LineTrack,
    SeenLine,
    is_line_again,
    is_same_line,
    share_in_common,
)
from textmill.video_reading.watch import StrokeWatch

MOST_LINES = 300
"""A page with more lines than this is closed, so that endless scrolling does not make an endless page."""
_CAPTION_ZONE = 0.65
"""Captions are at most `_CAPTION_LINES` lines below this share of the height."""
_CAPTION_LINES = 3
_INSIDE = 0.8
"""Share of a box that must be inside of a line to be a part of it."""
_OVER_SHARE = 0.7
"""A page is over when this much of its text, captions aside, is gone."""


@dataclass(frozen=True)
class Ending:
    """How a segment stands after a look.

    Attributes:
        over_ms: since when it is over, None while it is not.
        silent_ms: since when no line is there, None while one is.
    """

    over_ms: int | None = None
    silent_ms: int | None = None


class Segment:
    """The lines of a stretch of video, seen in small pictures of the same shape.

    Attributes:
        tracks: all of its lines, in the order in which they were first read.
    """

    def __init__(self, shape: tuple[int, int], *, step_ms: float, interval_ms: float) -> None:
        self.tracks: list[LineTrack] = []
        self._caption_top = shape[0] * _CAPTION_ZONE
        self._step_ms = step_ms
        self._interval_ms = interval_ms
        self._scrolled: Any = np.zeros(shape[1], np.float32)

    def take(self, lines: Sequence[SeenLine], read_at: int) -> list[SeenLine]:
        """Take in what was read in a frame; returns the lines that are new."""
        found: list[LineTrack] = []
        new = []
        for seen in lines:
            track = self._known(seen, found)
            if track is None:
                new.append(seen)
                track = LineTrack(
                    seen.record,
                    seen.box,
                    seen.strokes,
                    seen.picture,
                    seen.start_ms,
                    read_at,
                    self._shift(seen),
                )
                self.tracks.append(track)
            else:
                track.end_ms = None
                track.improve(seen, read_at, self._shift(seen))
            found.append(track)
        return new

    def has_lines_in(self, region: Box) -> bool:
        """Tell whether a line that is there lies in the region."""
        return any(track.is_in(region) for track in self._present())

    def scroll(self, scroll: Scroll, look: Look, at_ms: int) -> None:
        """Let the lines in a region move to where they are in this look."""
        for track in self._present():
            track.follow(scroll, look, at_ms)
        self._scrolled[scroll.region.left : scroll.region.right] += scroll.rows * look.scale

    def knows(self, box: Box, look: Look) -> bool:
        """Tell whether what can be seen in the box is a line that is there, in another light."""
        return any(
            share_in_common(track.box, box) >= _INSIDE and track.looks_alike(look, box)
            for track in self._present()
        )

    def update(self, watch: StrokeWatch, looks: Sequence[tuple[int, Look]]) -> Ending:
        """Note which lines went, and tell how the segment stands after the last of these looks."""
        at_ms = looks[-1][0]
        for track in self._present():
            track.end_ms = track.gone_since(watch, looks)
        present = self._present()
        lately = [
            track
            for track in self.tracks
            if track.end_ms is not None
            and not track.scrolled_away
            and track.end_ms >= at_ms - self._interval_ms - 2 * self._step_ms
        ]
        over = self._over_since(present, lately)
        if over is not None or present or not self.tracks:
            return Ending(over_ms=over)
        return Ending(silent_ms=max(track.end_ms or 0 for track in self.tracks))

    @property
    def is_full(self) -> bool:
        """Tell whether it has as many lines as a page may have."""
        return len(self.tracks) >= MOST_LINES

    def _shift(self, seen: SeenLine) -> float:
        """Return how far, in pixels of the frame, the text in the line's column has scrolled."""
        return float(self._scrolled[(seen.box.left + seen.box.right) // 2])

    def _present(self) -> list[LineTrack]:
        return [track for track in self.tracks if track.end_ms is None]

    def _known(self, seen: SeenLine, found: list[LineTrack]) -> LineTrack | None:
        """Return the track of the line that was read; one that moved may be found once in a frame only."""
        there = [track for track in self.tracks if is_same_line(track, seen)]
        if there:
            return max(there, key=lambda track: share_in_common(track.box, seen.box))
        again = [
            track
            for track in self.tracks
            if not any(track is one for one in found) and is_line_again(track, seen, self._interval_ms)
        ]
        return min(again, key=lambda track: abs(track.box.top - seen.box.top), default=None)

    def _over_since(self, present: list[LineTrack], lately: list[LineTrack]) -> int | None:
        if not lately:
            return None
        main_present, main_gone = self._main(present), self._main(lately)
        if not main_gone:
            if len(lately) <= _CAPTION_LINES or main_present:
                return None
            main_present, main_gone = present, lately  # too many lines for captions
        gone = sum(track.weight for track in main_gone)
        if gone < _OVER_SHARE * (gone + sum(track.weight for track in main_present)):
            return None
        return max(track.end_ms or 0 for track in main_gone)

    def _main(self, tracks: list[LineTrack]) -> list[LineTrack]:
        return [track for track in tracks if (track.box.top + track.box.bottom) / 2 < self._caption_top]

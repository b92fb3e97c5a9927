"""Read a video: look at its frames, read as few of them as show everything, and yield pages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from textmill.errors import MediumError
from textmill.media.video import Frame
from textmill.page import PageText
from textmill.records import LineRecord
from textmill.video_reading.finding import TextFinder
from textmill.video_reading.pages import page_text
from textmill.video_reading.scrolling import find_scrolls
from textmill.video_reading.segment import Segment
from textmill.video_reading.strokes import Box, Look, letters_in, look_at
from textmill.video_reading.tracks import see_line, share_in_common
from textmill.video_reading.watch import StrokeWatch

VERSION = 1
"""Part of every video page's fingerprint: to be raised when the same readings would give another page."""
_KEPT_LOOKS = 3
"""Looks that are kept, so that a new segment begins with the first look that shows it."""
_SILENT_INTERVALS = 5
"""A page without any text for so many intervals is over."""
_SHARPER = 1.03
"""A frame that shows unread strokes with this much more contrast takes the place of the one kept."""


FrameReader = Callable[[int, Any], tuple[LineRecord, ...]]
"""Reads the frame at a time in ms; lines are outlined in its pixels. Raises MediumError."""


@dataclass(frozen=True)
class VideoPage:
    """A stretch of video with text.

    Attributes:
        picture: the frame of it that was read last.
        frames: how many frames of it were sampled.
        frames_read: how many were read.
    """

    start_ms: int
    end_ms: int
    text: PageText
    picture: Any
    frames: int
    frames_read: int


@dataclass(frozen=True)
class UnreadFrame:
    """A frame that could not be read: what only it shows is lost."""

    at_ms: int
    error: MediumError


@dataclass(frozen=True)
class _Kept:
    """A frame that shows all unread strokes."""

    frame: Frame
    look: Look
    since: Any


class VideoReader:
    """Reads one video from a point at which a page begins. Holds a handful of frames at any time.

    A page depends on nothing before its start: reading may begin at the end of any page, and gives the
    same pages as reading from the start.
    """

    def __init__(
        self, read_frame: FrameReader, may_hold_text: TextFinder, *, step_ms: float, interval_ms: float
    ) -> None:
        self._read_frame = read_frame
        self._may_hold_text = may_hold_text
        self._step_ms = step_ms
        self._interval_ms = interval_ms
        self._recent: deque[tuple[Frame, Look]] = deque(maxlen=_KEPT_LOOKS)
        self._watch: StrokeWatch | None = None
        self._kept: _Kept | None = None
        self._segment: Segment | None = None
        self._silent_ms: int | None = None
        self._sampled: list[int] = []
        self._read_at: list[int] = []
        self._picture: Any = None
        self._unread: list[UnreadFrame] = []
        self.frames_sampled = 0
        self.frames_read = 0

    def pages(self, frames: Iterable[Frame]) -> Iterator[VideoPage | UnreadFrame]:
        """Yield the pages of a video as they end, and frames that could not be read.

        When `frames` raises, what was seen before is yielded first.
        """
        interruption: MediumError | None = None
        last_ms = 0
        try:
            for frame in frames:
                last_ms = frame.at_ms
                yield from self._look(frame)
        except MediumError as error:
            interruption = error
        yield from self._finish(round(last_ms + self._step_ms))
        if interruption is not None:
            raise interruption

    def _look(self, frame: Frame) -> Iterator[VideoPage | UnreadFrame]:
        look = look_at(frame.pixels)
        if self._recent and self._recent[-1][1].grey.shape != look.grey.shape:
            yield from self._finish(frame.at_ms)  # the picture's size changed
            self._recent.clear()
            self._watch = None
        if frame.sampled:
            self._sampled.append(frame.at_ms)
            self.frames_sampled += 1
        before = self._recent[-1][1] if self._recent else None
        self._recent.append((frame, look))
        self._follow(frame, look, before)
        yield from self._take_unread()
        yield from self._close_if_over(frame.at_ms)

    def _follow(self, frame: Frame, look: Look, before: Look | None) -> None:
        """Bring the watch up to date; reads the kept frame when something it shows is about to be lost."""
        if self._watch is None or before is None:
            self._watch = self._new_watch(frame, look)
            return
        watch, at_ms = self._watch, frame.at_ms
        changed = watch.compare(look, at_ms)
        moved = self._scroll(before, look, changed, at_ms)
        if lost := watch.vanish(at_ms):
            self._read_kept(lost)
        watch.settle(look, at_ms)
        self._keep(frame, look, moved)

    def _scroll(self, before: Look, look: Look, changed: Any, at_ms: int) -> bool:
        """Follow text that moved; returns whether any did, so that the frame that is kept is out of date."""
        watch = self._watch
        assert watch is not None
        scrolls = [
            scroll
            for scroll in find_scrolls(before, look, changed, watch.differing)
            if self._is_text(scroll.region)
        ]
        if not scrolls:
            return False
        if lost := watch.lost_in_scroll(scrolls, look):
            self._read_kept(lost)
        for scroll in scrolls:
            watch.move(scroll, look, at_ms)
            if self._segment is not None:
                self._segment.scroll(scroll, look, at_ms)
        return True

    def _is_text(self, region: Box) -> bool:
        watch, segment = self._watch, self._segment
        assert watch is not None
        known = segment is not None and segment.has_lines_in(region)
        return known or bool(letters_in(region.cut(watch.unread)))

    def _keep(self, frame: Frame, look: Look, moved: bool) -> None:
        watch = self._watch
        assert watch is not None
        if not watch.unread.any():
            self._kept = None
            return
        kept = self._kept
        if kept is not None and not moved:
            if watch.disturbed:
                return
            outdated = bool(letters_in(watch.unread & (watch.since > kept.frame.at_ms)))
            if not outdated and _strength(look, watch.unread) < _SHARPER * _strength(kept.look, watch.unread):
                return
        self._kept = _Kept(frame, look, watch.since.copy())

    def _read_kept(self, lost: list[Box]) -> None:
        """Read the kept frame because what is in `lost` has gone."""
        kept, watch = self._kept, self._watch
        if kept is None or watch is None:
            return
        at_ms = kept.frame.at_ms
        segment = self._segment
        if segment is not None:
            lost = [box for box in lost if not segment.knows(box, kept.look)]
        if not lost:
            return
        if not self._may_hold_text(kept.frame.pixels, [box.scaled(kept.look.scale) for box in lost]):
            watch.distrust(lost)
            return
        self.frames_read += 1
        self._read_at.append(at_ms)
        self._kept = None
        watch.note_read(at_ms)
        try:
            records = self._read_frame(at_ms, kept.frame.pixels)
        except MediumError as error:
            self._unread.append(UnreadFrame(at_ms, error))
            return
        # What holds its look since before the frame was kept; else what was known when it was.
        since = np.where(watch.since <= at_ms, watch.since, kept.since)
        lines = [see_line(record, kept.look, since) for record in records]
        barren = lost
        if lines:
            self._picture = kept.frame.pixels
            self._silent_ms = None
            if self._segment is None:
                self._segment = Segment(
                    kept.look.grey.shape, step_ms=self._step_ms, interval_ms=self._interval_ms
                )
            new = self._segment.take(lines, at_ms)
            barren = [box for box in lost if not any(share_in_common(box, one.box) for one in new)]
        watch.distrust(barren)

    def _take_unread(self) -> Iterator[UnreadFrame]:
        yield from self._unread
        self._unread.clear()

    def _close_if_over(self, at_ms: int) -> Iterator[VideoPage]:
        segment, watch = self._segment, self._watch
        if segment is None or watch is None:
            return
        if self._silent_ms is None:
            ending = segment.update(watch, [(frame.at_ms, look) for frame, look in self._recent])
            if ending.over_ms is not None:
                yield from self._close(self._begin_again(ending.over_ms))
            elif segment.is_full:
                yield from self._close(self._begin_again(at_ms))
            elif ending.silent_ms is not None and not letters_in(watch.unread):
                self._silent_ms = self._begin_again(ending.silent_ms)
        elif at_ms - self._silent_ms > _SILENT_INTERVALS * self._interval_ms and not watch.unread.any():
            yield from self._close(self._silent_ms)

    def _begin_again(self, at_ms: int) -> int:
        """Forget everything before the look at `at_ms`, or the earliest that is kept; returns its time."""
        looks = [(frame, look) for frame, look in self._recent if frame.at_ms >= at_ms] or [self._recent[-1]]
        self._watch = self._kept = None
        before = None
        for frame, look in looks:
            self._follow(frame, look, before)
            before = look
        return looks[0][0].at_ms

    def _close(self, end_ms: int) -> Iterator[VideoPage]:
        """Make a page of the segment."""
        segment, self._segment, self._silent_ms = self._segment, None, None
        if segment is None:
            return
        sampled = [at for at in self._sampled if at < end_ms]
        self._sampled = [at for at in self._sampled if at >= end_ms]
        read = [at for at in self._read_at if at < end_ms]
        self._read_at = [at for at in self._read_at if at >= end_ms]
        text = page_text(segment.tracks, end_ms, step_ms=self._step_ms, interval_ms=self._interval_ms)
        start = min(line.start_ms or 0 for line in text.lines)
        yield VideoPage(start, max(end_ms, start + 1), text, self._picture, max(1, len(sampled)), len(read))

    def _finish(self, end_ms: int) -> Iterator[VideoPage | UnreadFrame]:
        """Read what is unread at the end, and close the last page."""
        watch = self._watch
        if watch is None:
            return
        frame, look = self._recent[-1]
        lost = watch.unread_at_last()
        if lost:
            self._keep_last(frame, look)
            self._read_kept(lost)
        yield from self._take_unread()
        yield from self._close(end_ms if self._silent_ms is None else self._silent_ms)

    def _keep_last(self, frame: Frame, look: Look) -> None:
        watch = self._watch
        assert watch is not None
        kept = self._kept
        if kept is None or letters_in(
            (watch.missing == 0) & (watch.since > kept.frame.at_ms) & (look.contrast >= 32)
        ):
            self._kept = _Kept(frame, look, watch.since.copy())

    def _new_watch(self, frame: Frame, look: Look) -> StrokeWatch:
        return StrokeWatch(look, frame.at_ms, step_ms=self._step_ms, interval_ms=self._interval_ms)


def _strength(look: Look, where: Any) -> float:
    return float(np.sum(look.contrast, where=where))

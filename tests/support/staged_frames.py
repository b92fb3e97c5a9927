"""Frames with lines that come and go, and readers that know what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from textmill.media.video import Frame
from textmill.records import LineRecord
from textmill.video_reading.reader import UnreadFrame, VideoPage, VideoReader
from textmill.video_reading.strokes import Box

WIDTH, HEIGHT = 640, 360
STEP_MS, INTERVAL_MS = 250, 1000
_FONT, _SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.6

_NOISE = np.random.default_rng(7).normal(0, 3, (HEIGHT, WIDTH, 3)).astype(np.int16)

Backdrop = Callable[[Any, int], None]
"""Draws something that is no text into a frame at a time."""


@dataclass(frozen=True)
class Line:
    """A line from `start` to `end` (seconds); `y` is of its base line, `place` may move it over time."""

    text: str
    start: float
    end: float
    y: int
    x: int = 40
    place: Callable[[float], int] | None = None

    def y_at(self, at_ms: int) -> int:
        return self.place(at_ms / 1000) if self.place else self.y

    def shown(self, at_ms: int) -> bool:
        return self.start * 1000 <= at_ms < self.end * 1000 and 20 <= self.y_at(at_ms) < HEIGHT - 8

    def box(self, at_ms: int) -> Box:
        (width, height), below = cv2.getTextSize(self.text, _FONT, _SCALE, 1)
        y = self.y_at(at_ms)
        return Box(self.x - 2, y - height - 2, self.x + width + 2, y + below)


@dataclass
class Stage:
    """A video of lines, with a reader that notes when it was asked."""

    lines: Sequence[Line]
    seconds: float
    backdrop: Backdrop | None = None
    fade: Callable[[int], float] = lambda at_ms: 1.0
    confidence: Callable[[int, Line], float] = lambda at_ms, line: 0.9
    fails_at: Callable[[int], Exception | None] = lambda at_ms: None
    reads: list[int] = field(default_factory=list)
    asked: int = 0

    def frames(self, start_ms: int = 0) -> Iterator[Frame]:
        for tick in range(-(-start_ms // STEP_MS), round(self.seconds * 1000 / STEP_MS)):
            at_ms = tick * STEP_MS
            yield Frame(at_ms, self.picture(at_ms), at_ms % INTERVAL_MS == 0)

    def picture(self, at_ms: int) -> Any:
        picture = np.full((HEIGHT, WIDTH, 3), 235, np.uint8)
        if self.backdrop:
            self.backdrop(picture, at_ms)
        for line in self.lines:
            if line.shown(at_ms):
                place = (line.x, line.y_at(at_ms))
                cv2.putText(picture, line.text, place, _FONT, _SCALE, (20, 20, 20), 1, cv2.LINE_AA)
        if (strength := self.fade(at_ms)) < 1:
            picture = (235 + (picture - 235.0) * strength).astype(np.uint8)
        return cv2.add(picture, np.roll(_NOISE, at_ms, axis=1), dtype=cv2.CV_8U)

    def pages(self, start_ms: int = 0) -> list[VideoPage]:
        return [one for one in self.outcomes(start_ms) if isinstance(one, VideoPage)]

    def outcomes(self, start_ms: int = 0) -> list[VideoPage | UnreadFrame]:
        self.reads.clear()
        reader = VideoReader(self._read, self._holds_text, step_ms=STEP_MS, interval_ms=INTERVAL_MS)
        return list(reader.pages(self.frames(start_ms)))

    def _read(self, at_ms: int, pixels: Any) -> tuple[LineRecord, ...]:
        self.reads.append(at_ms)
        if error := self.fails_at(at_ms):
            raise error
        visible = sorted(
            (line for line in self.lines if line.shown(at_ms)), key=lambda line: line.y_at(at_ms)
        )
        return tuple(
            LineRecord(
                line_no=number,
                text=line.text,
                confidence=self.confidence(at_ms, line),
                polygon=_corners(line.box(at_ms)),
            )
            for number, line in enumerate(visible, start=1)
        )

    def _holds_text(self, pixels: Any, boxes: list[Box]) -> bool:
        """Text is dark here, and whatever else is drawn is not."""
        self.asked += 1
        return any((box.grown(1).cut(pixels) < 90).any() for box in boxes)


def texts(page: VideoPage) -> list[str]:
    return [line.text for line in page.text.lines]


def times(page: VideoPage) -> dict[str, tuple[float, float]]:
    return {line.text: ((line.start_ms or 0) / 1000, (line.end_ms or 0) / 1000) for line in page.text.lines}


def _corners(box: Box) -> tuple[tuple[float, float], ...]:
    left, top, right, bottom = map(float, box)
    return ((left, top), (right, top), (right, bottom), (left, bottom))

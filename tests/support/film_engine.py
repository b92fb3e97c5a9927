"""An engine for drawn films: it reads dark shapes on light ground, the same every time.

A frame with a black block in its lower right corner is fatal, one with a grey block is too much for it.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from textmill.engines.protocol import EngineOptions
from textmill.page import PageImage, PageText
from textmill.records import LineRecord

WIDTH, HEIGHT = 640, 360
WORDS = (
    "amber",
    "basalt",
    "coral",
    "dune",
    "ember",
    "fjord",
    "glacier",
    "harbour",
    "island",
    "jetty",
    "kelp",
)
_FIRST_WIDTH, _WIDTH_STEP = 60, 40
_DARK, _BLACK, _GREY = 100, 40, 150
_CORNER = (slice(320, 350), slice(600, 630))


def draw_line(picture: Any, word: str, y: int) -> None:
    """Draw the pattern that stands for a word: each has its own, and its own width."""
    index = WORDS.index(word)
    columns = (_FIRST_WIDTH + _WIDTH_STEP * index) // 4
    dark = np.random.default_rng(index).random((5, columns)) < 0.6
    dark[:, [0, -1]] = True
    pattern = cv2.resize(dark.astype(np.uint8), (columns * 4, 20), interpolation=cv2.INTER_NEAREST)
    picture[y : y + 20, 40 : 40 + columns * 4][pattern > 0] = 30


def mark_frame(picture: Any, *, fatal: bool) -> None:
    """Make the engine die, or fail, on a frame."""
    picture[_CORNER] = 0 if fatal else _GREY


def write_film(
    path: Path, slides: list[tuple[float, tuple[str, ...]]], *, codec: str = "mp4v", **marks: int
) -> Path:
    """Write a film of slides, each so many seconds long; `fatal=2` marks slide 2, `failing=3` slide 3."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 8, (WIDTH, HEIGHT))
    assert writer.isOpened(), codec
    for number, (seconds, words) in enumerate(slides, start=1):
        picture = np.full((HEIGHT, WIDTH, 3), 235, np.uint8)
        for row, word in enumerate(words):
            draw_line(picture, word, 40 + 50 * row)
        if number in marks.values():
            mark_frame(picture, fatal=marks.get("fatal") == number)
        for _ in range(round(seconds * 8)):
            writer.write(picture)
    writer.release()
    return path


class FilmEngine:
    """Reads what `write_film` draws."""

    name = "film"
    model = "none"
    fingerprint = "film-1"
    seconds = 0.0

    def read(self, page: PageImage) -> PageText:
        time.sleep(self.seconds)
        grey = cv2.cvtColor(page.pixels, cv2.COLOR_BGR2GRAY)
        corner = int(np.median(grey[_CORNER]))
        if corner < _BLACK:
            os.kill(os.getpid(), signal.SIGSEGV)
        if corner < _GREY + 20:
            raise RuntimeError("too grey")
        joined = cv2.morphologyEx(
            (grey < _DARK).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 13), np.uint8)
        )
        _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
        lines = []
        for left, top, width, height, _ in sorted(stats.tolist()[1:], key=lambda one: one[1]):
            if height < 8:
                continue
            word = WORDS[min(len(WORDS) - 1, round((width - _FIRST_WIDTH) / _WIDTH_STEP))]
            corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
            lines.append(
                LineRecord(
                    line_no=len(lines) + 1,
                    text=word,
                    confidence=0.9,
                    polygon=tuple((float(x), float(y)) for x, y in corners),
                )
            )
        return PageText(text="\n".join(line.text for line in lines), lines=tuple(lines))


class SlowFilmEngine(FilmEngine):
    """Takes its time."""

    seconds = 0.4


def reading(options: EngineOptions) -> FilmEngine:
    return FilmEngine()


def slow(options: EngineOptions) -> SlowFilmEngine:
    return SlowFilmEngine()

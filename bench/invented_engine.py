"""An engine that invents text instead of reading it, for measuring everything else.

Factories for the param `engine` of a run, with this repository on `TEXTMILL_OCR_PYTHONPATH`:
`bench.invented_engine:instant` takes no time, `bench.invented_engine:quarter_second` uses a core for as long
as a fast engine would.
"""

from __future__ import annotations

import time

from bench.made_up_text import TextMaker
from textmill.engines.protocol import EngineOptions
from textmill.page import PageImage, PageText
from textmill.records import LineRecord

_LINES = 40
_MARGIN = 0.08
"""Of the page's sides."""
_MOST_PAGES = 500
"""Different pages that are invented; then they come again. Inventing one takes longer than storing it."""


class InventedEngine:
    """Finds 40 lines on each page, evenly spread over it.

    Args:
        seconds: processor time that a page takes.
    """

    name = "invented"
    model = "none"
    fingerprint = "invented-1"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._maker = TextMaker(seed=1)
        self._invented: list[list[str]] = []
        self._number = 0

    def read(self, page: PageImage) -> PageText:
        """Return invented text."""
        began = time.thread_time()
        texts = self._next_lines()
        step = (1 - 2 * _MARGIN) / _LINES
        lines = tuple(
            LineRecord(
                line_no=number + 1,
                text=text,
                confidence=0.9 + (number % 10) / 100,
                polygon=_box(page, _MARGIN + number * step, 0.8 * step),
            )
            for number, text in enumerate(texts)
        )
        while time.thread_time() - began < self._seconds:
            pass
        return PageText(text="\n".join(texts), lines=lines)

    def _next_lines(self) -> list[str]:
        if len(self._invented) < _MOST_PAGES:
            self._invented.append(self._invent())
        self._number += 1
        return self._invented[self._number % len(self._invented)]

    def _invent(self) -> list[str]:
        lines: list[str] = []
        while len(lines) < _LINES:
            lines += self._maker.page().splitlines()
        return lines[:_LINES]


def instant(options: EngineOptions) -> InventedEngine:
    """An engine that takes no time."""
    return InventedEngine(0.0)


def quarter_second(options: EngineOptions) -> InventedEngine:
    """An engine that uses a core for a quarter of a second per page."""
    return InventedEngine(0.25)


def _box(page: PageImage, top: float, height: float) -> tuple[tuple[float, float], ...]:
    left, right = _MARGIN * page.width, (1 - _MARGIN) * page.width
    upper, lower = top * page.height, (top + height) * page.height
    return (left, upper), (right, upper), (right, lower), (left, lower)

"""Pages on which nothing was found are looked at once more: smaller, for giant letters, and by Tesseract.

A detector that sees pages at one size overlooks letters that fill the page, and print that is tiny in a large
picture. Only lines that are likely right are taken: what is found on a page without text is mostly no text.

Runs in the OCR runtime.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from textmill.engines import Engine, EngineOptions, create_engine
from textmill.errors import ModelsMissing
from textmill.fingerprints import fingerprint
from textmill.page import PageImage, PageText
from textmill.reading.calibration import Calibration
from textmill.records import LineRecord

_QUARTER = 0.25
_STANDS_OUT = 48
"""Grey levels between a pixel and the page's median at which it may be part of a letter."""
_LEAST_PIXELS = 50
"""So many pixels that stand out make a word of the smallest print."""

_log = logging.getLogger(__name__)


class PageEngine(Protocol):
    """Reads pages; see `Engine`, of which this is what is needed here."""

    name: str
    fingerprint: str

    def read(self, page: PageImage) -> PageText:
        """Read one page."""
        ...


class Quarter:
    """An engine that looks at pages at a quarter of their size."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = f"{engine.name}@quarter"
        self.fingerprint = fingerprint(engine=engine.fingerprint, scale=_QUARTER)

    def read(self, page: PageImage) -> PageText:
        """See `Engine`; outlines are in the pixels of the page."""
        small = cv2.resize(page.pixels, None, fx=_QUARTER, fy=_QUARTER, interpolation=cv2.INTER_AREA)
        found = self._engine.read(replace(page, pixels=small, dpi=None))
        lines = [
            line.model_copy(update={"polygon": tuple((x / _QUARTER, y / _QUARTER) for x, y in line.polygon)})
            for line in found.lines
        ]
        return PageText(found.text, tuple(lines))


class EmptyPages:
    """Looks again at pages on which nothing was found. Used by one thread.

    Attributes:
        fingerprint: changes whenever the same page could come out differently.
    """

    def __init__(self, engines: Sequence[PageEngine], calibration: Calibration, *, at_least: float) -> None:
        """Take who looks, in this order, and how certain a line must be to be taken."""
        self._engines = tuple(engines)
        self._calibration = calibration
        self._at_least = at_least
        self.fingerprint = fingerprint(engines=[one.fingerprint for one in engines], at_least=at_least)

    def look_again(self, page: PageImage) -> PageText:
        """Return what the first engine that finds anything reads on the page, or an empty page."""
        if not is_blank(page):
            for engine in self._engines:
                if lines := self._likely(engine, page):
                    return PageText("\n".join(line.text for line in lines), tuple(lines))
        return PageText("", ())

    def _likely(self, engine: PageEngine, page: PageImage) -> list[LineRecord]:
        found: list[LineRecord] = []
        for line in engine.read(page).lines:
            confidence = self._calibration.confidence(engine.name, line.text, line.confidence)
            if confidence >= self._at_least:
                number = len(found) + 1
                update = {"line_no": number, "confidence": confidence, "engine": engine.name}
                found.append(line.model_copy(update=update))
        return found


def is_blank(page: PageImage) -> bool:
    """Tell whether a page is plain paper of any shade, or too small to be looked at from afar."""
    if min(page.width, page.height) * _QUARTER < 8:
        return True
    counts = cv2.calcHist([page.pixels], [1], None, [256], [0, 256]).ravel().astype(np.int64)
    middles = [(counts.sum() - 1) // 2, counts.sum() // 2]
    median = np.searchsorted(np.cumsum(counts), middles, side="right").mean()
    return int(counts[np.abs(np.arange(256) - median) > _STANDS_OUT].sum()) < _LEAST_PIXELS


def page_engines(first: Engine, options: EngineOptions) -> tuple[PageEngine, ...]:
    """Return who looks at pages on which `first` found nothing: itself from afar, then Tesseract if there."""
    engines: list[PageEngine] = [Quarter(first)]
    if first.name != "tesseract":
        try:
            engines.append(create_engine("tesseract", options))
        except ModelsMissing as error:
            _log.info("Pages on which nothing is found are not shown to Tesseract: %s", error)
    return tuple(engines)

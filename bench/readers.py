"""Those whose readings are compared: Textmill as it comes, and what one could use instead.

Runs in the OCR environment.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench.pairs import Pair
from bench.reading import LANGUAGES, PAGE_BREAK, effective_settings, make_reader, open_for_bench
from textmill.errors import MediumError
from textmill.page import PageImage, PageText
from textmill.reading.page_reader import PageReader, create_reader
from textmill.reading.second_opinion import SecondOpinion
from textmill.records import LineRecord
from textmill.settings import Settings


@dataclass(frozen=True)
class Doubts:
    """What second opinions did in a medium.

    Attributes:
        lines, asked, changed: lines found, read again, and given another text.
        seconds: spent on reading lines again.
        first_text: the medium's text without second opinions.
    """

    lines: int
    asked: int
    changed: int
    seconds: float
    first_text: str


@dataclass(frozen=True)
class MediumReading:
    """What a reader made of a medium.

    Attributes:
        lines: text and confidence of each line, from readers that say so.
        doubts: from readers that have any.
    """

    text: str
    pages: int
    seconds: float
    lines: tuple[tuple[str, float], ...] = ()
    doubts: Doubts | None = None


class MediumReader(Protocol):
    """Reads whole media."""

    def read(self, path: Path) -> MediumReading:
        """Read all pages; raises MediumError when the file is no medium, or a page cannot be had."""
        ...


class TextmillReader:
    """Textmill, with any wishes; notes what its second opinions do."""

    def __init__(self, reader: PageReader, settings: Settings) -> None:
        self._reader = reader
        self._settings = settings
        self._witness = _Witness(reader.second_opinion) if reader.second_opinion else None
        if self._witness:
            reader.second_opinion = self._witness

    def read(self, path: Path) -> MediumReading:
        """See `MediumReader`."""
        texts: list[PageText] = []
        seen: list[_Seen] = []
        seconds = 0.0
        for page in page_images(path, self._settings):
            began = time.monotonic()
            texts.append(self._reader.read(page).text)
            seconds += time.monotonic() - began
            if self._witness and self._witness.seen:
                seen.append(self._witness.seen)
                self._witness.seen = None
        return MediumReading(
            PAGE_BREAK.join(text.text for text in texts),
            len(texts),
            seconds,
            tuple((line.text, line.confidence) for text in texts for line in text.lines),
            _doubts(seen) if self._witness else None,
        )


@dataclass(frozen=True)
class _Seen:
    """A page before and after second opinions."""

    first: PageText
    lines: tuple[LineRecord, ...]
    asked: int
    seconds: float


class _Witness(SecondOpinion):
    """Passes pages on to the second opinion and remembers the last."""

    def __init__(self, witnessed: SecondOpinion) -> None:
        self.seen: _Seen | None = None
        self._witnessed = witnessed
        self.fingerprint = witnessed.fingerprint

    def reconsider(self, picture: PageImage, page: PageText) -> PageText:
        """See `SecondOpinion`."""
        began = time.monotonic()
        result = self._witnessed.reconsider(picture, page)
        seconds = time.monotonic() - began
        self.seen = _Seen(page, result.lines, len(self._witnessed.doubtful(page)), seconds)
        return result


def _doubts(pages: Sequence[_Seen]) -> Doubts:
    return Doubts(
        lines=sum(len(page.lines) for page in pages),
        asked=sum(page.asked for page in pages),
        changed=sum(
            before.text != after.text
            for page in pages
            for before, after in zip(page.first.lines, page.lines, strict=True)
        ),
        seconds=sum(page.seconds for page in pages),
        first_text=PAGE_BREAK.join(page.first.text for page in pages),
    )


class StockReader:
    """PaddleOCR's own pipeline with the same weights, at its own settings."""

    def __init__(self, settings: Settings) -> None:
        from bench.stock_paddle import stock_pipeline

        self._settings = settings
        self._pipeline: Any = stock_pipeline(settings)

    def read(self, path: Path) -> MediumReading:
        """See `MediumReader`."""
        texts, seconds = [], 0.0
        for page in page_images(path, self._settings):
            began = time.monotonic()
            (found,) = self._pipeline.predict(page.pixels)
            seconds += time.monotonic() - began
            texts.append("\n".join(found["rec_texts"]))
        return MediumReading(PAGE_BREAK.join(texts), len(texts), seconds)


def _alone(engine: str) -> Callable[[Settings], MediumReader]:
    def make(settings: Settings) -> MediumReader:
        reader = create_reader(
            settings, engine=engine, languages=LANGUAGES, preprocessing="none", second_opinion="off"
        )
        return TextmillReader(reader, settings)

    return make


OURS = "Textmill"
STOCK = "stock PaddleOCR"
READERS: dict[str, Callable[[Settings], MediumReader]] = {
    OURS: lambda settings: TextmillReader(make_reader(settings), settings),
    STOCK: StockReader,
    "PaddleOCR alone": _alone("paddle"),
    "Tesseract alone": _alone("tesseract"),
}
"""By the name in the report. Alone: our engine without preprocessing and without second opinions."""


def read_all(reader: MediumReader, pairs: Iterable[Pair]) -> dict[Path, MediumReading]:
    """Return what a reader makes of media; those that it cannot read are left out, with a sentence."""
    readings = {}
    for pair in pairs:
        try:
            readings[pair.medium] = reader.read(pair.medium)
        except MediumError as error:
            print(f"Left out: {error.message}", file=sys.stderr)
            continue
        print(f"{pair.medium.name}: {readings[pair.medium].seconds:.1f} s", file=sys.stderr)
    return readings


def make_medium_reader(name: str) -> MediumReader:
    """Build a reader with the settings of the environment."""
    return READERS[name](effective_settings(os.environ))


def page_images(path: Path, settings: Settings) -> Iterable[PageImage]:
    """Yield the pages of a medium that are pictures."""
    with open_for_bench(path, settings) as medium:
        for page_no in range(1, (medium.page_count or 0) + 1):
            page = medium.page(page_no)
            if isinstance(page, PageImage):
                yield page

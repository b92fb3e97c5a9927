"""Tesseract 5 as an engine: the fallback on a CPU, and the way to scripts that PP-OCRv6 does not know."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from textmill.engines.protocol import EngineOptions, fingerprint
from textmill.errors import ModelsMissing
from textmill.page import PageImage, PageText
from textmill.records import LineRecord

_LANGUAGE_CODES = {
    "ar": "ara",
    "bg": "bul",
    "ca": "cat",
    "cs": "ces",
    "da": "dan",
    "de": "deu",
    "el": "ell",
    "en": "eng",
    "es": "spa",
    "et": "est",
    "fi": "fin",
    "fr": "fra",
    "he": "heb",
    "hi": "hin",
    "hr": "hrv",
    "hu": "hun",
    "it": "ita",
    "ja": "jpn",
    "ko": "kor",
    "lt": "lit",
    "lv": "lav",
    "nl": "nld",
    "no": "nor",
    "pl": "pol",
    "pt": "por",
    "ro": "ron",
    "ru": "rus",
    "sk": "slk",
    "sl": "slv",
    "sv": "swe",
    "tr": "tur",
    "uk": "ukr",
}
"""ISO 639-1 to the codes of Tesseract's language packs; others are passed through."""


@dataclass(frozen=True)
class Word:
    """A word as Tesseract reports it; the key names block, paragraph and line."""

    line_key: tuple[int, int, int]
    text: str
    confidence: float
    left: int
    top: int
    right: int
    bottom: int


class TesseractEngine:
    """Tesseract through pytesseract, one process per page."""

    name = "tesseract"

    def __init__(self, options: EngineOptions) -> None:
        import pytesseract

        # With its default threading, parallel Tesseracts fight for the cores and each gets slower.
        os.environ["OMP_THREAD_LIMIT"] = str(options.threads)
        wanted = [_LANGUAGE_CODES.get(code, code) for code in options.languages]
        if missing := sorted(set(wanted) - set(pytesseract.get_languages())):
            raise ModelsMissing(
                f"Tesseract has no language pack {', '.join(missing)}. On Debian it is the package "
                f"tesseract-ocr-{missing[0].replace('_', '-')}."
            )
        self._languages = "+".join(wanted)
        self._page_seconds = options.page_seconds
        version = str(pytesseract.get_tesseract_version())
        self.model = f"tesseract-{version}:{self._languages}"
        self.fingerprint = fingerprint(engine=self.name, version=version, languages=self._languages)

    def read(self, page: PageImage) -> PageText:
        """Read a page; lines are Tesseract's own, in its reading order."""
        import pytesseract

        table = pytesseract.image_to_data(
            page.pixels[:, :, ::-1],
            lang=self._languages,
            config=f"--dpi {page.dpi}" if page.dpi else "",
            output_type=pytesseract.Output.DICT,
            timeout=self._page_seconds,
        )
        grouped = groupby(_words(table), key=lambda word: word.line_key)
        lines = tuple(_line(number, list(words)) for number, (_, words) in enumerate(grouped, start=1))
        return PageText(text="\n".join(line.text for line in lines), lines=lines)


def create(options: EngineOptions) -> TesseractEngine:
    """Build the engine; see `textmill.engines.create_engine`."""
    return TesseractEngine(options)


def _words(table: dict[str, list[Any]]) -> list[Word]:
    rows = zip(
        *(table[name] for name in ("block_num", "par_num", "line_num", "text", "conf")),
        *(table[name] for name in ("left", "top", "width", "height")),
        strict=True,
    )
    return [
        Word(
            (block, paragraph, line), text, max(0.0, float(conf)) / 100, left, top, left + width, top + height
        )
        for block, paragraph, line, text, conf, left, top, width, height in rows
        if text.strip()
    ]


def _line(number: int, words: list[Word]) -> LineRecord:
    left, top = min(word.left for word in words), min(word.top for word in words)
    right, bottom = max(word.right for word in words), max(word.bottom for word in words)
    return LineRecord(
        line_no=number,
        text=" ".join(word.text for word in words),
        confidence=sum(word.confidence for word in words) / len(words),
        polygon=((left, top), (right, top), (right, bottom), (left, bottom)),
    )

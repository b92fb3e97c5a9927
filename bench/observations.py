"""What engines make of lines whose truth is known: the evidence from which confidences are calibrated.

Runs in the OCR environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bench.pairs import Pair, find_all_pairs
from bench.reading import LANGUAGES, effective_settings, open_for_bench
from textmill.engines.protocol import engine_options
from textmill.errors import MediumError
from textmill.page import PageImage
from textmill.reading.calibration import Calibration, evidence
from textmill.reading.page_reader import PageReader, create_reader
from textmill.reading.second_opinion import Reading, SecondOpinion
from textmill.reading.second_readers import second_readers
from textmill.settings import Settings

_DOUBTFUL_EVIDENCE = 0.98
"""Lines with less evidence than this are read again: more than the pipeline would, so that its threshold can
be moved without observing anew."""


class _Observed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ObservedReading(_Observed):
    """What one reader made of a line, with its own confidence."""

    reader: str
    text: str
    confidence: float


class ObservedLine(_Observed):
    """A line as the page's engine read it, and what others made of it where that is in doubt."""

    text: str
    confidence: float
    others: tuple[ObservedReading, ...] | None = None


class ObservedMedium(_Observed):
    """All lines that an engine found in a medium, and the medium's ground truth."""

    engine: str
    medium: str
    kind: str
    truth: str
    lines: tuple[ObservedLine, ...]


class Observations(_Observed):
    """What was seen in all media with all engines, as it is kept in a file."""

    media: tuple[ObservedMedium, ...]

    @property
    def engines(self) -> tuple[str, ...]:
        """The names of the engines, in the order in which they were observed."""
        return tuple(dict.fromkeys(medium.engine for medium in self.media))

    def of(self, engine: str) -> tuple[ObservedMedium, ...]:
        """Return what one engine made of the media."""
        return tuple(medium for medium in self.media if medium.engine == engine)


def observe(folders: Sequence[Path], engine: str, asked: Sequence[str]) -> Observations:
    """Read all media with ground truth in the folders with one engine.

    Args:
        asked: the engines that read its doubtful lines too.
    """
    settings = effective_settings(os.environ)
    reader = create_reader(
        settings, engine=engine, languages=LANGUAGES, preprocessing="auto", second_opinion="off"
    )
    options = engine_options(settings, LANGUAGES)
    readers = [one for name in asked for one in second_readers(name, reader.engine, options)]
    second = SecondOpinion(engine, readers, Calibration(), below=1.0)
    media = []
    for pair in find_all_pairs(folders):
        try:
            media.append(_observe_medium(pair, reader, second, settings))
        except MediumError as error:
            print(f"Left out: {error.message}", file=sys.stderr)
            continue
        print(f"{engine}: {pair.medium.name}", file=sys.stderr)
    return Observations(media=tuple(media))


def _observe_medium(
    pair: Pair, reader: PageReader, second: SecondOpinion, settings: Settings
) -> ObservedMedium:
    with open_for_bench(pair.medium, settings) as medium:
        pages = [medium.page(page_no) for page_no in range(1, (medium.page_count or 0) + 1)]
        lines = [
            line for page in pages if isinstance(page, PageImage) for line in _lines(page, reader, second)
        ]
    return ObservedMedium(
        engine=reader.engine.name,
        medium=pair.medium.name,
        kind=pair.kind,
        truth=pair.read_truth(),
        lines=tuple(lines),
    )


def _lines(page: PageImage, reader: PageReader, second: SecondOpinion) -> Iterator[ObservedLine]:
    prepared = reader.preprocessor.prepare(page)
    found = reader.engine.read(prepared.picture).lines
    doubtful = [index for index, line in enumerate(found) if _is_doubtful(line.text, line.confidence)]
    asked = second.ask(prepared.picture, [found[index] for index in doubtful])
    answers = dict(zip(doubtful, asked, strict=True))
    for index, line in enumerate(found):
        others = answers.get(index)
        yield ObservedLine(
            text=line.text,
            confidence=line.confidence,
            others=None if others is None else tuple(map(_observed, others)),
        )


def _observed(reading: Reading) -> ObservedReading:
    return ObservedReading(reader=reading.reader, text=reading.text, confidence=reading.confidence)


def _is_doubtful(text: str, confidence: float) -> bool:
    return evidence(text, confidence, 1.0) < _DOUBTFUL_EVIDENCE

"""Compare what each preprocessing step does to the text that engines read: better, worse, and at what cost.

For every folder of media with ground truth (see `bench.accuracy`) and every engine, the table shows no
preprocessing, each step by itself wherever it does anything, and the choice of `auto`. With `--orientation`
every page is turned by 0, 90, 180 and 270 degrees instead, and what is counted is how often `orientation`
brings it upright again. Runs in the OCR environment.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.metrics import Score
from bench.pairs import BenchmarkError, Pair, find_pairs
from bench.reading import LANGUAGES, PAGE_BREAK, effective_settings, open_for_bench
from textmill.engines import Engine, create_engine
from textmill.engines.protocol import engine_options
from textmill.page import PageImage
from textmill.preprocessing.geometry import turned
from textmill.preprocessing.preprocessor import Preprocessor
from textmill.preprocessing.wishes import AUTO, NONE, STEPS
from textmill.reading.readability import readability
from textmill.settings import Settings

ENGINES = ("paddle", "tesseract")
WISHES = (NONE, *STEPS, AUTO)
TURNS = (0, 90, 180, 270)


@dataclass(frozen=True)
class Tally:
    """What was counted for one wish over a folder.

    Attributes:
        changed: pages on which the wish did anything.
        preparing_seconds, reading_seconds: over all pages.
    """

    score: Score = field(default_factory=Score)
    pages: int = 0
    changed: int = 0
    preparing_seconds: float = 0.0
    reading_seconds: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        """The counts of both."""
        return Tally(
            self.score + other.score,
            self.pages + other.pages,
            self.changed + other.changed,
            self.preparing_seconds + other.preparing_seconds,
            self.reading_seconds + other.reading_seconds,
        )


@dataclass(frozen=True)
class Upright:
    """How often pages that had been turned were brought upright.

    Attributes:
        turn: degrees clockwise.
        asked: pictures that were shown to the engine.
        wrong: the pages that are not upright now.
    """

    turn: int
    pages: int
    right: int
    asked: int
    seconds: float
    wrong: tuple[str, ...] = ()


class OnceReader:
    """Reads the same picture once: most steps leave most pages as they are."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._texts: dict[str, tuple[str, float]] = {}

    def read(self, page: PageImage) -> tuple[str, float]:
        """Return the text of a page, and the seconds that reading it takes."""
        key = hashlib.sha256(page.pixels.tobytes() + repr((page.pixels.shape, page.dpi)).encode()).hexdigest()
        if key not in self._texts:
            began = time.perf_counter()
            text = self.engine.read(page).text
            self._texts[key] = text, time.perf_counter() - began
        return self._texts[key]


class CountingReadability:
    """Says how readable a picture is, and counts how often it was asked."""

    def __init__(self, engine: Engine) -> None:
        self.asked = 0
        self._readability = partial(readability, engine)

    def __call__(self, pixels: Any) -> float:
        """See `textmill.reading.readability`."""
        self.asked += 1
        return self._readability(pixels)


def compare(
    pairs: Sequence[Pair], engine: Engine, wishes: Sequence[str], settings: Settings
) -> dict[str, Tally]:
    """Read every medium with every wish."""
    preparers = {wish: make_preprocessor(wish, engine, settings) for wish in wishes}
    tallies = dict.fromkeys(wishes, Tally())
    for pair in pairs:
        pages, reader = _pages(pair, settings), OnceReader(engine)
        truth = pair.truth.read_text(encoding="utf-8")
        for wish, preparer in preparers.items():
            tallies[wish] += _read(pages, preparer, reader, truth)
        print(f"{pair.medium.name}: {engine.name}", file=sys.stderr)
    return tallies


def make_preprocessor(wish: str, engine: Engine, settings: Settings) -> Preprocessor:
    """Build a preprocessor as `textmill.reading` does."""
    return Preprocessor(
        wish,
        engine_name=engine.name,
        readability=partial(readability, engine),
        pixel_budget=settings.page_pixel_budget,
        threads=settings.cpu_threads,
    )


def turn_everything(pairs: Sequence[Pair], engine: Engine, settings: Settings) -> Iterator[Upright]:
    """Turn every page clockwise by each of TURNS, and count which of them come upright again."""
    evidence = CountingReadability(engine)
    preparer = Preprocessor(
        "orientation", engine_name=engine.name, readability=evidence, threads=settings.cpu_threads
    )
    for turn in TURNS:
        pages, seconds, wrong, evidence.asked = 0, 0.0, [], 0
        for pair in pairs:
            for page in _pages(pair, settings):
                askew = replace(page, pixels=turned(page.pixels, turn))
                began = time.perf_counter()
                rotation = preparer.prepare(askew).page.rotation
                seconds += time.perf_counter() - began
                pages += 1
                if (rotation - page.rotation + turn) % 360:
                    wrong.append(f"{pair.medium.name}, page {page.page_no}")
        yield Upright(turn, pages, pages - len(wrong), evidence.asked, seconds, tuple(wrong))


def as_table(tallies: dict[str, Tally]) -> str:
    """One row a wish, as Markdown."""
    rows = [
        "| preprocessing | word F1 | CER | pages changed | preparing, ms a page | reading, ms a page |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for wish, tally in tallies.items():
        preparing, reading = (
            f"{1000 * seconds / tally.pages:,.0f}"
            for seconds in (tally.preparing_seconds, tally.reading_seconds)
        )
        rows.append(
            f"| {wish} | {tally.score.word_f1:.4f} | {tally.score.character_error_rate:.4f} "
            f"| {tally.changed} of {tally.pages} | {preparing} | {reading} |"
        )
    return "\n".join(rows)


def as_orientation_table(counts: Sequence[Upright]) -> str:
    """One row a turn, as Markdown, and below it the pages that went wrong."""
    rows = ["| turned by | brought upright | engine asked | ms a page |", "|--:|--:|--:|--:|"]
    rows += [
        f"| {one.turn}° | {one.right} of {one.pages} | {one.asked} times "
        f"| {1000 * one.seconds / one.pages:,.0f} |"
        for one in counts
    ]
    wrong = [f"- {one.turn}°: {name}" for one in counts for name in one.wrong]
    return "\n".join([*rows, *(["", "Wrong:", *wrong] if wrong else [])])


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status, 2 when the benchmark cannot run."""
    options = _parser().parse_args(arguments)
    settings = effective_settings(os.environ)
    try:
        found = [(folder, find_pairs(folder)[:: options.every]) for folder in options.folders]
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name in options.engines:
        engine = create_engine(name, engine_options(settings, LANGUAGES))
        for folder, pairs in found:
            print(f"\n## {folder.resolve().name}, {name}\n")
            if options.orientation:
                print(as_orientation_table(list(turn_everything(pairs, engine, settings))), flush=True)
            else:
                print(as_table(compare(pairs, engine, options.wishes, settings)), flush=True)
    return 0


def _pages(pair: Pair, settings: Settings) -> list[PageImage]:
    with open_for_bench(pair.medium, settings) as medium:
        pages = [medium.page(page_no) for page_no in range(1, (medium.page_count or 0) + 1)]
    return [page for page in pages if isinstance(page, PageImage)]


def _read(pages: Sequence[PageImage], preparer: Preprocessor, reader: OnceReader, truth: str) -> Tally:
    texts, changed, preparing, reading = [], 0, 0.0, 0.0
    for page in pages:
        began = time.perf_counter()
        prepared = preparer.prepare(page)
        preparing += time.perf_counter() - began
        text, seconds = reader.read(prepared.picture)
        texts.append(text)
        reading += seconds
        changed += bool(prepared.steps)
    return Tally(Score.of(truth, PAGE_BREAK.join(texts)), len(pages), changed, preparing, reading)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.preprocessing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path, help="media with ground truth")
    parser.add_argument("--engines", nargs="+", default=ENGINES, help="default: all")
    parser.add_argument("--wishes", nargs="+", default=WISHES, help="default: none, each step, auto")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth medium only")
    parser.add_argument("--orientation", action="store_true", help="turn every page instead; see above")
    return parser


if __name__ == "__main__":
    sys.exit(main())

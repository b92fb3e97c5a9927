"""Dense pages: A4 filled with small print in one or two columns, as a flatbed scanner sees it at 200 dpi.

Text, typefaces and code are those of the samples; sentences are shuffled anew for each page by its number.
The same packages draw the same bytes. Runs in the OCR environment.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tools.make_samples.__main__ import write_sample
from tools.make_samples.content import press, reports
from tools.make_samples.defects import blur, grain, lamp, skew
from tools.make_samples.documents import Sample, as_jpeg
from tools.make_samples.layouts import A4, Typography, book, page_of, sans, serif, side_by_side
from tools.make_samples.typesetting import Page, Slug, gap, paragraph

DPI = 200
_MARGIN = 50.0
_QUALITY = 70
_TYPES = (serif(9.5), sans(8.5), book(9.0))
_TURNS = (0.3, -0.5, 0.6, -0.2)
"""Degrees by which sheets lie askew."""


def write_dense_pages(folder: Path, count: int) -> list[Path]:
    """Write pages and their ground truth, and return the pages' paths in order."""
    samples = [_sample(number) for number in range(count)]
    for sample in samples:
        write_sample(sample, folder)
    return [folder / sample.name for sample in samples]


def dense_page(number: int) -> Page:
    """Set one page; two of three have two columns."""
    chance = random.Random(number)
    type_ = _TYPES[number % len(_TYPES)]
    columns = 1 if number % 3 == 0 else 2
    frames = side_by_side(A4[0], columns, _MARGIN, _MARGIN, A4[1] - _MARGIN)
    slugs = _endless_slugs(chance, type_, frames[0].width)
    slug = next(slugs)
    for frame in frames:
        while frame.fits(slug):
            frame.place([slug])
            slug = next(slugs)
    return page_of(A4, *(frame.marks for frame in frames))


def _sample(number: int) -> Sample:
    return Sample(
        f"dense-{number:02d}.jpg",
        lambda: [dense_page(number)],
        as_jpeg(
            partial(skew, degrees=_TURNS[number % len(_TURNS)]),
            partial(lamp, centre=(0.9, 0.1), depth=0.12),
            partial(blur, sigma=0.6),
            partial(grain, sigma=3.0, seed=number),
            dpi=DPI,
            quality=_QUALITY,
            colour=False,
        ),
    )


def _endless_slugs(chance: random.Random, type_: Typography, width: float) -> Iterator[Slug]:
    sentences = _sentences()
    while True:
        chance.shuffle(sentences)
        place = 0
        while place < len(sentences):
            length = chance.randint(4, 8)
            text = " ".join(sentences[place : place + length])
            yield from paragraph(text, type_.body("justify"), width)
            yield from gap(type_.size * 0.4)
            place += length


def _sentences() -> list[str]:
    """Return the sentences of the samples' running text."""
    articles = (press.GARDEN, press.CLOCKS, *press.HARBOUR.articles, *press.MARKET.articles)
    chapters = (*reports.BRIDGE.chapters, *reports.SURVEY.chapters, *reports.MINUTES.chapters)
    bodies = [article.body for article in articles] + [chapter.body for chapter in chapters]
    text = " ".join(" ".join(bodies).split())
    return [f"{sentence.rstrip('.')}." for sentence in text.split(". ")]

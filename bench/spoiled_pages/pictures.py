"""The pictures of the labelled set: good ones, and what is made of them.

Runs in the OCR environment.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.pairs import find_pairs
from bench.reading import open_for_bench
from bench.spoiled_pages import paper, spoiling
from bench.spoiled_pages.specimens import Specimen, seed_of
from textmill.page import PageImage
from textmill.settings import Settings

_LETTERS_EACH = 5
_SAMPLES_TURNED = 10
_OTHER_SCRIPTS = ("ar", "el", "he", "ru")
_MOST_PAGES = 3
"""Of one sample: the pages of a report look alike."""
_PAGE_BREAK = "\f"


def specimens(samples: Path, receipts: Sequence[Path], settings: Settings) -> Iterator[Specimen]:
    """Yield every picture of the set; receipts are folders of photographs with ground truth, or none."""
    drawn = list(_drawn())
    found = list(_pages_of(samples, settings))
    photographed = [one for folder in receipts for one in _pages_of(folder, settings)]
    yield from (*drawn, *found, *photographed)
    yield from _blank()
    yield from _mended(found)
    yield from _dirty()
    yield from _turned((*found[:_SAMPLES_TURNED], *_letters(drawn), *photographed[::4]))
    yield from _unreadable((*found[:_SAMPLES_TURNED], *_letters(drawn), *photographed[1::6]))
    yield from _in_another_language(drawn)
    yield from _cut((*found[:_SAMPLES_TURNED], *_letters(drawn), *photographed[2::6]))


def _drawn() -> Iterator[Specimen]:
    for language in paper.languages():
        for number in range(_LETTERS_EACH):
            yield _page(language, "letter", number)
        if language not in _OTHER_SCRIPTS:
            for layout in ("columns", "table", "form", "slip"):
                yield _page(language, layout, 0)


def _page(language: str, layout: str, number: int) -> Specimen:
    name = f"{language} {layout} {number}"
    chance = random.Random(seed_of(name))
    pixels, truth = paper.LAYOUTS[layout](language, chance)
    worn = pixels if number == 0 else spoiling.worn(pixels, chance)
    return Specimen(name, name, "", lambda: worn, truth, (language,), tags=(layout,))


def _letters(drawn: Iterable[Specimen]) -> list[Specimen]:
    """Return one letter or two of each language."""
    return [one for one in drawn if one.name.endswith(("letter 0", "letter 1"))]


def _pages_of(folder: Path, settings: Settings) -> Iterator[Specimen]:
    for pair in find_pairs(folder):
        truths = pair.read_truth().split(_PAGE_BREAK)
        with open_for_bench(pair.medium, settings) as medium:
            for index in range(min(medium.page_count, _MOST_PAGES)):
                page = medium.page(index + 1)
                assert isinstance(page, PageImage)
                name = f"{folder.name}/{pair.medium.name} {index + 1}"
                truth = truths[index] if len(truths) == medium.page_count else None
                yield Specimen(name, name, "", partial(_red_first, page.pixels), truth)


def _red_first(pixels: Any) -> Any:
    return pixels[:, :, ::-1].copy()


def _blank() -> Iterator[Specimen]:
    """Yield empty pages as scanners see them: good pages, and nothing to read."""
    for number, shade in enumerate((255, 250, 230, 200)):
        yield Specimen(f"blank {number}", f"blank {number}", "", partial(paper.blank, shade), "")
    for number, sigma in enumerate((3, 6, 9, 12)):
        yield _spoiled(
            Specimen(f"grainy blank {number}", f"grainy blank {number}", "", paper.blank, ""),
            "",
            partial(spoiling.noisy, sigma=sigma),
        )


def _mended(found: Sequence[Specimen]) -> Iterator[Specimen]:
    """Yield turned pages that preprocessing turns upright: good pages."""
    for number, one in enumerate(found[:8]):
        change = spoiling.upside_down if number % 2 else partial(spoiling.sideways, turns=1 + number % 3)
        yield replace(_spoiled(one, "", change), name=f"{one.name}, turned and mended")


def _dirty() -> Iterator[Specimen]:
    for number in range(16):
        name = f"smudges {number}"
        yield _spoiled(Specimen(name, name, "", paper.blank, ""), "ink without text", spoiling.smudged)
    for number in range(14):
        name = f"halftone {number}"
        yield _spoiled(Specimen(name, name, "", paper.blank, ""), "halftone", spoiling.halftone)
    for number in range(12):
        name = f"static {number}"
        change = partial(spoiling.peppered, share=0.1 + 0.06 * number)
        yield _spoiled(Specimen(name, name, "", paper.blank, ""), "noise", change)


def _turned(pages: Sequence[Specimen]) -> Iterator[Specimen]:
    """Yield turned pages that nobody turns back, as when a correction fails."""
    for number, one in enumerate(pages):
        alone = replace(one, preprocessing="none")
        yield _spoiled(alone, "upside down", spoiling.upside_down)
        if number % 2:
            turns = 1 if number % 4 == 1 else 3
            yield _spoiled(alone, "sideways", partial(spoiling.sideways, turns=turns))


def _unreadable(pages: Sequence[Specimen]) -> Iterator[Specimen]:
    for number, one in enumerate(pages):
        height = one.draw().shape[0]
        if number % 2:
            sigma = height / 1300 * (4.5, 6, 8)[number // 2 % 3]
            yield _spoiled(one, "blurred", partial(spoiling.blurred, sigma=sigma))
        else:
            length = round(height / 1300 * (28, 40, 56)[number // 2 % 3])
            yield _spoiled(one, "shaken", partial(spoiling.shaken, length=length))
        if number % 3 == 0:
            change = partial(spoiling.peppered, share=(0.55, 0.7, 0.8)[number // 3 % 3])
            yield _spoiled(one, "noise", change)


def _in_another_language(drawn: Iterable[Specimen]) -> Iterator[Specimen]:
    """Yield pages for which a language was asked that is written with other letters."""
    for one in drawn:
        (language,) = one.languages
        if "letter" not in one.tags:
            continue
        number = int(one.name.rsplit(" ", 1)[1])
        if language in (*_OTHER_SCRIPTS, "zh") and number < 4:
            yield _asked(one, "en")
        elif language in ("en", "de", "fr") and number < 4:
            yield _asked(one, _OTHER_SCRIPTS[number])


def _asked(one: Specimen, language: str) -> Specimen:
    return replace(one, name=f"{one.name} as {language}", flaw="wrong language", languages=(language,))


def _cut(pages: Sequence[Specimen]) -> Iterator[Specimen]:
    for number, one in enumerate(pages):
        if one.base.startswith(("samples/invoice", "samples/table", "samples/form")):
            continue
        yield _spoiled(one, "cut", partial(spoiling.cut, share=(0.1, 0.2, 0.35)[number % 3]))


def _spoiled(one: Specimen, flaw: str, change: spoiling.Change) -> Specimen:
    name = f"{one.name}, {flaw}" if flaw else one.name
    draw = one.draw

    def spoiled() -> Any:
        return change(draw(), random.Random(seed_of(name)))

    return replace(one, name=name, flaw=flaw, draw=spoiled)


Draw = Callable[[], Any]

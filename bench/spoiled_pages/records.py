"""Pages of the labelled set that are not pictures: text files, text layers, and spoiled records.

Runs in the OCR environment.
"""

from __future__ import annotations

import random
import string
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

from bench.reading import PDF_DPI
from bench.spoiled_pages import paper
from bench.spoiled_pages.specimens import LabelledPage, seed_of, sha256_of
from textmill.fetching.sniffing import sniff
from textmill.media import media_options, open_medium
from textmill.page import WrittenPage
from textmill.page_records import written_record
from textmill.records import LineRecord, PageRecord, TextLayerUse
from textmill.settings import Settings

_TEXT_FILES = ("*.txt", "*.html", "*.rtf")
_MOJIBAKE = {
    "latin": (("utf-8", "cp1252"), ("utf-8", "mac-roman"), ("utf-8", "cp437"), ("utf-8", "cp1250")),
    "ru": (("utf-8", "cp1252"), ("cp1251", "latin-1"), ("koi8-r", "cp1251"), ("utf-8", "cp1251")),
    "el": (("utf-8", "cp1252"), ("utf-8", "cp1253"), ("utf-8", "mac-roman")),
    "ar": (("utf-8", "cp1252"), ("utf-8", "mac-roman")),
    "he": (("utf-8", "cp1252"), ("utf-8", "mac-roman")),
    "zh": (("utf-8", "cp1252"), ("utf-8", "mac-roman")),
}
"""Written in the first, read as the second."""
_ALL_ASCII = ("en", "nl")
"""Hardly a letter of these changes when it is decoded wrongly."""


def text_files(repository: Path, settings: Settings) -> Iterator[LabelledPage]:
    """Yield good text files: those of the samples, and prose, code, tables and markup of the repository."""
    names = [path for glob in _TEXT_FILES for path in sorted((repository / "samples").glob(glob))]
    names += sorted((repository / "docs").glob("*.md"))[:8]
    names += [repository / name for name in ("README.md", "LICENSE", "Makefile", "pyproject.toml")]
    names += sorted((repository / "include/sql/views").glob("*.sql"))[:4]
    names += sorted((repository / "include/textmill").glob("*.py"))[:6]
    names += sorted((repository / "bench/results").glob("accuracy.md"))
    for path in names:
        yield from _written(path, str(path.relative_to(repository)), settings)


def prose(settings: Settings, *, spoiled: bool) -> Iterator[LabelledPage]:
    """Yield text files in each language: as they should be, or decoded wrongly before they were saved."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prose.txt"
        for language in paper.languages():
            chance = random.Random(seed_of(language))
            for number, (written, read) in enumerate(_pairs(language, spoiled)):
                text = "\n\n".join(paper.paragraphs(language, chance))
                broken = text.encode(written, "replace").decode(read, "replace") if spoiled else text
                if broken == text and spoiled:
                    continue
                path.write_text(broken, encoding="utf-8")
                name = f"{language} prose {number}, {written} as {read}" if spoiled else f"{language} prose"
                flaw = "mojibake" if spoiled else ""
                yield from _written(path, name, settings, base=f"{language} prose {number}", flaw=flaw)


def _pairs(language: str, spoiled: bool) -> Sequence[tuple[str, str]]:
    if not spoiled:
        return (("utf-8", "utf-8"),)
    return () if language in _ALL_ASCII else _MOJIBAKE.get(language, _MOJIBAKE["latin"])


def text_layers(repository: Path, settings: Settings) -> Iterator[LabelledPage]:
    """Yield the pages of the sample documents that carry their own text."""
    for path in sorted((repository / "samples").glob("*.pdf")):
        yield from _written(path, f"{path.name} text layer", settings)


def _written(
    path: Path, name: str, settings: Settings, *, base: str = "", flaw: str = ""
) -> Iterator[LabelledPage]:
    found = sniff(path, name=path.name)
    options = media_options(settings, dpi=PDF_DPI, text_layer=TextLayerUse.AUTO, languages=("en",))
    with open_medium(path, found.kind, found.mime, name=path.name, options=options) as medium:
        for page_no in range(1, min(medium.page_count, 3) + 1):
            page = medium.page(page_no)
            if isinstance(page, WrittenPage):
                record = written_record(sha256_of(f"{name} {page_no}"), page, 1)
                yield LabelledPage(
                    name=f"{name} {page_no}",
                    base=base or name,
                    flaw=flaw,
                    languages=("en",),
                    page=record.model_copy(update={"page_no": 1}),
                )


def made_from(good: Iterable[LabelledPage]) -> Iterator[LabelledPage]:
    """Yield what is made from records of good pages of letters that were read."""
    letters = [one for one in good if one.page.text_source == "ocr" and len(one.page.text) > 300]
    letters.sort(key=lambda one: seed_of(one.name))
    latin = [one for one in letters if one.languages[0] not in ("ar", "el", "he", "ru", "zh")]
    for number, one in enumerate(latin[:20]):
        yield _disguised(one, share=(1.0, 0.7)[number % 2])
    for number, one in enumerate(letters[:20]):
        yield _off_page(one, share=(1.0, 0.5, 0.2)[number % 3])
    for number, one in enumerate(latin[:8]):
        yield from _medium(one, (one.page,) * (4 + number // 2), "repeated text", f"repeated {number}")
    for number, one in enumerate(latin[8:20]):
        others = [other.page for other in latin[20:23]]
        yield from _medium(one, (one.page, one.page, *others), "", f"copy and original {number}")
        yield from _medium(one, (one.page, *others), "missing page", f"incomplete {number}", missing=1)
        yield from _medium(one, (one.page,) * 2, "duplicate key", f"twice {number}", numbers=(1, 1))
    damages = ({"confidence": 1.4}, {"confidence": -0.1}, {"width": 0}, {"height": -5}, {"page_no": 0})
    for one, altered in zip(letters, (*damages, {"text_length": 3_000_000}), strict=False):
        yield _renamed(one, "out of range").model_copy(update={"altered": altered})


def _renamed(one: LabelledPage, flaw: str) -> LabelledPage:
    name = f"{one.name}, {flaw}"
    page = one.page.model_copy(update={"sha256": sha256_of(name)})
    return one.model_copy(update={"name": name, "flaw": flaw, "page": page})


def _with_lines(one: LabelledPage, lines: Iterable[LineRecord], flaw: str) -> LabelledPage:
    known = [line.model_copy(update={"confidence": 1.0, "engine": None, "other": None}) for line in lines]
    renamed = _renamed(one, flaw)
    update = {
        "lines": tuple(known),
        "text": "\n".join(line.text for line in known),
        "confidence": 1.0,
        "confidence_low": 1.0,
        "low_line_share": 0.0,
        "text_source": "text_layer",
    }
    return renamed.model_copy(update={"page": renamed.page.model_copy(update=update)})


def _disguised(one: LabelledPage, *, share: float) -> LabelledPage:
    """Give a text layer a font whose table of meanings is wrong, for a share of the lines."""
    chance = random.Random(seed_of(one.name))
    letters = list(string.ascii_lowercase)
    chance.shuffle(letters)
    other = "".join(letters)
    cipher = str.maketrans(string.ascii_lowercase + string.ascii_uppercase, other + other.upper())
    lines = [
        line.model_copy(update={"text": line.text.translate(cipher)}) if chance.random() < share else line
        for line in one.page.lines
    ]
    return _with_lines(one, lines, "disguised font")


def _off_page(one: LabelledPage, *, share: float) -> LabelledPage:
    """Move a share of the lines off the page, as text that is left over outside of a crop box lies."""
    chance = random.Random(seed_of(one.name))
    dx, dy = chance.choice(((1.1, 0), (-1.1, 0), (0, 1.2), (0, -1.2)))
    first = round(len(one.page.lines) * (1 - share))
    lines = [
        line.model_copy(update={"polygon": _moved(line, dx * one.page.width, dy * one.page.height)})
        if number >= first
        else line
        for number, line in enumerate(one.page.lines)
    ]
    return _with_lines(one, lines, "text off page")


def _moved(line: LineRecord, dx: float, dy: float) -> tuple[tuple[float, float], ...]:
    return tuple((x + dx, y + dy) for x, y in line.polygon)


def _medium(
    one: LabelledPage,
    pages: Sequence[PageRecord],
    flaw: str,
    name: str,
    *,
    missing: int = 0,
    numbers: Sequence[int] | None = None,
) -> Iterator[LabelledPage]:
    for number, page in zip(numbers or count(1), pages, strict=False):
        record = page.model_copy(update={"sha256": sha256_of(name), "page_no": number})
        yield one.model_copy(
            update={
                "name": f"{name}, page {number}",
                "base": name,
                "flaw": flaw,
                "page": record,
                "pages_settled": len(pages),
                "page_count": len(pages) + missing,
            }
        )

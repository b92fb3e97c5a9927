"""What the quality gate knows of a page: figures, and no text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from textmill.quality.measuring.doubt import low_confidence
from textmill.quality.measuring.encoding import mojibake
from textmill.quality.measuring.outlines import outlined, text_cut_off, text_off_page
from textmill.quality.measuring.repetition import RepeatedTexts
from textmill.quality.measuring.scripts import wrong_script
from textmill.quality.measuring.turning import turned_page
from textmill.quality.measuring.words import NOTHING_TO_JUDGE, measure_words
from textmill.records import PageRecord


@dataclass(frozen=True)
class PageMeasures:
    """The figures of one page that the suite looks at.

    Attributes:
        name: of the page for people: that of its file, and its number.
        pages_settled: pages of its medium that were read or refused; `page_count`: that the medium has.
        text_length: characters of text.
        low_confidence: share of the text that is expected to stand in lines that are not right.
        symbol_soup: share of characters that are no part of words and numbers, or repeat the one before.
        improbable_text: share of the letters that form no words of any language.
        turned_page: how sure it is that the page was read sideways or upside down.
        wrong_script: share of letters in scripts of none of the languages that were asked for; Latin ones
            count only where they outnumber the others.
        text_off_page: share of the text that is outlined outside of the page.
        text_cut_off: share of the lines that run into the left or right edge of the page.
        repeated_text: share of the other pages of its medium, but at least four, that have the same text.
        mojibake: share of the words that look decoded with the wrong encoding.

    All from `low_confidence` on go from 0 (good) to 1; None where there is too little to judge by, or where
    it makes no sense: text files have no outlines and code need not be words, captions of videos come back
    and touch edges, and text that was not recognised is in whatever script it is.
    """

    sha256: str
    page_no: int
    name: str
    ink: float
    width: int
    height: int
    confidence: float | None
    pages_settled: int
    page_count: int | None
    text_length: int
    low_confidence: float | None = None
    symbol_soup: float | None = None
    improbable_text: float | None = None
    turned_page: float | None = None
    wrong_script: float | None = None
    text_off_page: float | None = None
    text_cut_off: float | None = None
    repeated_text: float | None = None
    mojibake: float | None = None


@dataclass(frozen=True)
class MediumFacts:
    """What is known of a page's medium.

    Attributes:
        name: of its file, for people.
        languages: that were asked for, ISO 639-1.
        pages_settled: pages that were read or refused; `page_count`: that it has, None when unknown.
    """

    name: str
    languages: tuple[str, ...]
    pages_settled: int
    page_count: int | None


def measure_pages(pages: Iterable[PageRecord], media: Mapping[str, MediumFacts]) -> Iterator[PageMeasures]:
    """Yield the measures of pages, in order; `media` has the facts by SHA-256.

    Pages are streamed and their figures kept, about a kilobyte a page: whether a text is repeated is known
    when the last page was seen.
    """
    repeated = RepeatedTexts()
    seen = []
    for page in pages:
        key = None if _is_film(page) else repeated.note(page.sha256, page.text)
        seen.append((_measured(page, media[page.sha256]), key))
    for measures, key in seen:
        yield replace(measures, repeated_text=repeated.share(measures.sha256, key))


def _measured(page: PageRecord, facts: MediumFacts) -> PageMeasures:
    recognised = page.text_source == "ocr"
    placed = page.text_source != "text_file"
    words = measure_words(page.text, facts.languages, page.ink) if placed else NOTHING_TO_JUDGE
    low = low_confidence(page.lines)
    lines = outlined(page.lines) if placed else []
    return PageMeasures(
        sha256=page.sha256,
        page_no=page.page_no,
        name=f"{facts.name}, page {page.page_no}",
        ink=page.ink,
        width=page.width,
        height=page.height,
        confidence=page.confidence,
        pages_settled=facts.pages_settled,
        page_count=facts.page_count,
        text_length=len(page.text),
        low_confidence=low,
        symbol_soup=words.symbol_soup,
        improbable_text=words.improbable_text,
        turned_page=turned_page(lines, page.width, low) if recognised else None,
        wrong_script=wrong_script(page.text, facts.languages) if recognised else None,
        text_off_page=text_off_page(lines, page.width, page.height) if placed else None,
        text_cut_off=text_cut_off(lines, page.width) if recognised and not _is_film(page) else None,
        mojibake=mojibake(page.text),
    )


def _is_film(page: PageRecord) -> bool:
    """Tell whether a page is a stretch of a video: captions reach the edges and come back."""
    return page.start_ms is not None

"""What the quality gate knows of a page: figures, and no text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from textmill.records import PageRecord


@dataclass(frozen=True)
class PageMeasures:
    """The figures of one page that the suite looks at.

    Attributes:
        name: of the page for people: that of its file, and its number.
        pages_settled: pages of its medium that were read or refused; `page_count`: that the medium has.
        text_length: characters of text.
        low_confidence: share of lines more likely wrong than a reader would accept.
        symbol_soup: share of characters that are no part of words and numbers, or repeat the one before.
        improbable_text: share of the text whose letters form no words of any language.
        turned_page: how sure it is that the page was read sideways or upside down.
        wrong_script: share of letters in scripts of none of the languages that were asked for.
        text_off_page: share of the text that is outlined outside of the page.
        text_cut_off: share of the lines that run into the left or right edge of the page.
        repeated_text: share of the other pages of its medium that have the same text.
        mojibake: share of the characters that look decoded with the wrong encoding.

    All from `low_confidence` on go from 0 (good) to 1; None where there is too little to judge by.
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

    Streams: no more than what comparing the pages of a medium takes is kept of each (not its text).
    """
    for page in pages:
        facts = media[page.sha256]
        yield PageMeasures(
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
            low_confidence=page.low_line_share,
        )

"""Write hOCR 1.2 (https://kba.github.io/hocr-spec/1.2/): XHTML with the places of pages, lines and words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import BinaryIO

from textmill.exports.document.described import DocumentFacts
from textmill.exports.document.markup import Markup
from textmill.exports.document.outlines import Box, Outline, outline_of
from textmill.exports.document.words import placed_words
from textmill.records import LineRecord, PageRecord

_DOCTYPE = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
    '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
)
_LEVEL = 0.5
"""Degrees below which a line counts as level."""
_SLANTED = 45.0
"""Degrees from which on a line is described by its angle and not by a baseline in its box."""


def write_hocr(out: BinaryIO, facts: DocumentFacts, pages: Iterable[PageRecord]) -> None:
    """Write a document. Words have the confidence of their line; see `textmill.exports.document.words`."""
    markup = Markup(out)
    markup.begin(_DOCTYPE)
    with markup.element("html", xmlns="http://www.w3.org/1999/xhtml"):
        _write_head(markup, facts)
        with markup.element("body"):
            for page in pages:
                _write_page(markup, facts, page)
    markup.finish()


def _write_head(markup: Markup, facts: DocumentFacts) -> None:
    with markup.element("head"):
        markup.leaf("title", facts.name)
        markup.leaf("meta", **{"http-equiv": "Content-Type"}, content="text/html; charset=utf-8")
        for name, content in (
            ("ocr-system", "Textmill"),
            ("ocr-capabilities", "ocr_page ocr_line ocrx_word"),
            ("ocr-number-of-pages", facts.pages),
        ):
            markup.leaf("meta", name=name, content=content)
    markup.raw("\n")


def _write_page(markup: Markup, facts: DocumentFacts, page: PageRecord) -> None:
    title = [
        f"image {_quoted(facts.name)}",
        f"bbox 0 0 {page.width} {page.height}",
        f"ppageno {page.page_no - 1}",
        f"x_source {page.engine}",
    ]
    if page.dpi:
        title.append(f"scan_res {page.dpi} {page.dpi}")
    with markup.element("div", class_="ocr_page", id=f"page_{page.page_no}", title="; ".join(title)):
        for line in page.lines:
            markup.raw("\n")
            _write_line(markup, page.page_no, line)
    markup.raw("\n")


def _write_line(markup: Markup, page_no: int, line: LineRecord) -> None:
    number = f"{page_no}_{line.line_no}"
    outline = outline_of(line.polygon, line.text)
    title = None if outline is None else "; ".join(_place_of_line(outline))
    with markup.element("span", class_="ocr_line", id=f"line_{number}", title=title):
        if outline is None:
            markup.leaf("span", line.text, class_="ocrx_word", title=_certainty(line))
        for index, word in enumerate(placed_words(line), start=1):
            if index > 1:
                markup.raw(" ")
            place = f"{_bbox(word.outline.box)}; {_certainty(line)}"
            markup.leaf("span", word.text, class_="ocrx_word", id=f"word_{number}_{index}", title=place)


def _place_of_line(outline: Outline) -> list[str]:
    place = [_bbox(outline.box)]
    if abs(outline.angle) >= _SLANTED:
        # The property is counted anticlockwise.
        place.append(f"textangle {round(-outline.angle) % 360}")
    elif abs(outline.angle) >= _LEVEL:
        place.append(_baseline(outline))
    return place


def _baseline(outline: Outline) -> str:
    """Return slope and offset of the baseline, seen from the bottom left corner of the box."""
    left, _, _, bottom = _whole(outline.box)
    slope = math.tan(math.radians(outline.angle))
    offset = outline.bottom_left[1] + slope * (left - outline.bottom_left[0]) - bottom
    return f"baseline {slope:.4f} {offset:.1f}"


def _bbox(box: Box) -> str:
    return "bbox {} {} {} {}".format(*_whole(box))


def _whole(box: Box) -> tuple[int, int, int, int]:
    return math.floor(box[0]), math.floor(box[1]), math.ceil(box[2]), math.ceil(box[3])


def _certainty(line: LineRecord) -> str:
    return f"x_wconf {round(line.confidence * 100)}"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

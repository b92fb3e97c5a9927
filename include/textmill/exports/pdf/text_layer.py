"""The operators that lay the text of a page, invisible, over the places at which it was read."""

from __future__ import annotations

import math
from collections.abc import Iterator

from textmill.exports.document.words import PlacedWord, placed_words, visual_order
from textmill.exports.pdf.invisible_font import GLYPH_WIDTH, InvisibleFont
from textmill.exports.pdf.placing import Placing
from textmill.records import LineRecord, PageRecord
from textmill.text_direction import logical_order

FONT_NAME = "/TextmillInvisible"
_INVISIBLE = 3
"""Text rendering mode: neither fill nor stroke (PDF 32000-1:2008, table 106)."""
_SMALLEST = 0.05
"""Points below which a word has no place to speak of."""
_QUARTER = math.pi / 2
_NEARLY = math.radians(3)
"""Words that are less out of plumb than this are laid straight."""


def text_operators(record: PageRecord, placing: Placing, font: InvisibleFont) -> bytes:
    """Return a content stream with the text of a page; empty where there is none."""
    words = [operators for line in record.lines for operators in _line_operators(line, placing, font)]
    if not words:
        return b""
    return "\n".join(["q", "BT", f"{_INVISIBLE} Tr", *words, "ET", "Q", ""]).encode("ascii")


def _line_operators(line: LineRecord, placing: Placing, font: InvisibleFont) -> Iterator[str]:
    words = placed_words(line)
    # As programs that write PDF have it, and those that read it expect: from left to right.
    order = visual_order([word.text for word in words])
    for place, index in enumerate(order, start=1):
        operators = _word_operators(words[index], place < len(order), placing, font)
        if operators:
            yield operators


def _word_operators(word: PlacedWord, space_follows: bool, placing: Placing, font: InvisibleFont) -> str:
    left, right = placing.point(word.outline.bottom_left), placing.point(word.outline.bottom_right)
    top = placing.point(word.outline.top_left)
    length, size = math.dist(left, right), math.dist(left, top)
    if min(length, size) < _SMALLEST:
        return ""
    angle = math.atan2(right[1] - left[1], right[0] - left[0])
    straight = round(angle / _QUARTER) * _QUARTER
    if abs(angle - straight) < _NEARLY:
        # Level, about its middle: programs that read PDF take letters at different heights for two words.
        angle = straight
        middle = (left[0] + right[0]) / 2, (left[1] + right[1]) / 2
        left = middle[0] - math.cos(angle) * length / 2, middle[1] - math.sin(angle) * length / 2
    text = logical_order(word.text)  # which is its own inverse
    stretch = 100 * length / (len(text) * size * GLYPH_WIDTH / 1000)
    cosine, sine = math.cos(angle), math.sin(angle)
    matrix = " ".join(f"{value:.4f}" for value in (cosine, sine, -sine, cosine, *left))
    codes = font.encoded(text + (" " if space_follows else ""))
    return f"{FONT_NAME} {size:.3f} Tf {stretch:.3f} Tz {matrix} Tm <{codes}> Tj"

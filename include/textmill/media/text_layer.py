"""Read the text that a PDF page carries: characters with their places become runs of text.

pdfium gives characters in the order in which the page draws them. Compatibility ligatures arrive as their
letters and text that runs from right to left arrives in the order in which it is read. A hyphen at the end of
a line stays where it is, and so does a soft hyphen that the page shows; one without width is left out. Spaces
of any width and number become one space.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium_c

from textmill.media.pdf_geometry import Box, PageFrame

_MAX_CHARACTERS = 1_000_000
"""More characters than this are on no page; the quality gate refuses as much text anyway."""
_HYPHENS_OF_PDFIUM = (0x02, 0xFFFE)
"""What pdfium reports in place of a hyphen at the end of a line."""
_SOFT_HYPHEN = 0xAD
_NO_UNICODE = "\N{REPLACEMENT CHARACTER}"
_INVISIBLE = frozenset({0x200B, 0x2060, 0xFEFF})
_SYMBOL_FONT = {0xF0B7: "•", 0xF0A7: "▪", 0xF0D8: "➢", 0xF0FC: "✓", 0xF0A8: "□", 0xF06F: "□"}
"""Bullets of Symbol and Wingdings, which word processors put into the private use area."""
_SAME_LINE = 0.5
"""Characters that share this much of the smaller one's height are on one line."""
_GAP = 1.0
"""Characters further apart than this many of their heights are in two runs: cells, or columns."""
_INITIAL = 2.0
"""A character this many times as high as the next is an initial over several lines."""


class Glyph(NamedTuple):
    """A character as it is shown. `box` is upright in the direction of its line, in pixels."""

    text: str
    box: Box
    angle: int
    mapped: bool


@dataclass(frozen=True)
class Word:
    """Characters without a space between them, and the box around them in pixels of the page."""

    text: str
    box: Box


@dataclass
class TextRun:
    """Text without a gap on one line.

    Attributes:
        number: place among the runs of its page as they are drawn, from 0.
        angle: degrees clockwise by which the line runs downwards; 0 for a level line.
        box: around the run in coordinates turned by `angle`, in pixels.
    """

    number: int
    angle: int
    box: Box
    words: list[Word] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words with a space between each two."""
        return " ".join(word.text for word in self.words)

    @property
    def height(self) -> float:
        """Pixels from the lowest descender to the highest ascender."""
        return self.box[3] - self.box[1]

    @property
    def polygon(self) -> tuple[tuple[float, float], ...]:
        """The corners clockwise from where the text begins at the top, in pixels of the page."""
        left, top, right, bottom = self.box
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        return tuple(_turned(x, y, -self.angle) for x, y in corners)


@dataclass
class TextLayer:
    """What text a page carries.

    Attributes:
        runs: in the order in which the page draws them.
        glyphs: visible or not, spaces not counted, as far as they lie on the visible page.
        unmapped: those of them of which no font says what they stand for.
    """

    runs: list[TextRun]
    glyphs: int = 0
    unmapped: int = 0

    @property
    def unmapped_share(self) -> float:
        """Share of glyphs without meaning, 0 to 1."""
        return self.unmapped / self.glyphs if self.glyphs else 0.0


def read_text_layer(page: Any, frame: PageFrame) -> TextLayer:
    """Return the text of a pdfium page, outlined in the pixels of `frame`."""
    textpage = page.get_textpage()
    try:
        builder = _RunBuilder()
        for glyph in _glyphs(textpage.raw, frame):
            builder.add(glyph)
        return builder.finish()
    finally:
        textpage.close()


def _glyphs(textpage: Any, frame: PageFrame) -> Iterator[Glyph | str]:
    """Yield the characters on the visible page; a blank for a space, a newline for pdfium's end of a line."""
    count = min(pdfium_c.FPDFText_CountChars(textpage), _MAX_CHARACTERS)
    found = pdfium_c.FS_RECTF()
    high_surrogate = 0
    for index in range(count):
        code = pdfium_c.FPDFText_GetUnicode(textpage, index)
        if code in (0x0A, 0x0D):
            yield "\n"
            continue
        if 0xD800 <= code < 0xDC00:
            high_surrogate = code
            continue
        if 0xDC00 <= code < 0xE000 and high_surrogate:
            code = 0x10000 + ((high_surrogate - 0xD800) << 10) + (code - 0xDC00)
        high_surrogate = 0
        if chr(code).isspace():
            yield " "
            continue
        if not pdfium_c.FPDFText_GetLooseCharBox(textpage, index, found):
            continue
        box = frame.box(found.left, found.bottom, found.right, found.top)
        if not _on_page(box, frame):
            continue
        text = _text_of(code, textpage, index, box)
        if text:
            angle = _angle(textpage, index, frame)
            mapped = _is_mapped(text) and pdfium_c.FPDFText_HasUnicodeMapError(textpage, index) != 1
            yield Glyph(text if mapped else _NO_UNICODE, _along(box, angle), angle, mapped)


def _text_of(code: int, textpage: Any, index: int, box: Box) -> str:
    if code in _HYPHENS_OF_PDFIUM and pdfium_c.FPDFText_IsHyphen(textpage, index) == 1:
        return "-"
    if code == _SOFT_HYPHEN:
        return "-" if box[2] - box[0] > 0 else ""
    if code in _INVISIBLE:
        return ""
    return _SYMBOL_FONT.get(code) or chr(code)


def _is_mapped(text: str) -> bool:
    """Tell whether a character says anything: not so controls, private use and the replacement character."""
    if text.isascii():
        return text.isprintable()
    return text != _NO_UNICODE and unicodedata.category(text) not in ("Cc", "Co", "Cn", "Cs")


def _on_page(box: Box, frame: PageFrame) -> bool:
    across, down = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return 0 <= across <= frame.width and 0 <= down <= frame.height


def _angle(textpage: Any, index: int, frame: PageFrame) -> int:
    """Degrees clockwise by which a character's line runs downwards on the page as it is shown."""
    clockwise = pdfium_c.FPDFText_GetCharAngle(textpage, index)
    if clockwise <= 0:  # also what pdfium says when it does not know
        return frame.turn
    return round(math.degrees(clockwise) + frame.turn) % 360


def _along(box: Box, angle: int) -> Box:
    """Return an upright box in coordinates turned by `angle`."""
    if not angle:
        return box
    left, top, right, bottom = box
    if angle % 90:
        # The upright box around a tilted character is larger than the character: keep its middle.
        across, down = _turned((left + right) / 2, (top + bottom) / 2, angle)
        half = min(right - left, bottom - top) / 2
        return across - half, down - half, across + half, down + half
    x0, y0 = _turned(left, top, angle)
    x1, y1 = _turned(right, bottom, angle)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _turned(x: float, y: float, angle: int) -> tuple[float, float]:
    """Return a point in coordinates whose x axis runs `angle` degrees downwards."""
    if not angle:
        return x, y
    radians = math.radians(angle)
    cosine, sine = math.cos(radians), math.sin(radians)
    return x * cosine + y * sine, y * cosine - x * sine


class _RunBuilder:
    """Puts characters together as long as each follows the one before it without a gap."""

    def __init__(self) -> None:
        self._layer = TextLayer([])
        self._run: TextRun | None = None
        self._last: Box = (0.0, 0.0, 0.0, 0.0)
        self._letters: list[str] = []
        self._boxes: list[Box] = []
        self._between = ""

    def add(self, glyph: Glyph | str) -> None:
        """Take the next character, or what pdfium says is between two."""
        if isinstance(glyph, str):
            self._between += glyph
            return
        self._layer.glyphs += 1
        self._layer.unmapped += not glyph.mapped
        if self._run is None or not self._continues(glyph):
            self._end_run()
            self._run = TextRun(len(self._layer.runs), glyph.angle, glyph.box)
            self._layer.runs.append(self._run)
        elif " " in self._between or ("\n" in self._between and self._apart(glyph)):
            self._end_word()
        self._between = ""
        self._letters.append(glyph.text)
        self._boxes.append(glyph.box)
        self._last = glyph.box
        self._run.box = _joined(self._run.box, glyph.box)

    def finish(self) -> TextLayer:
        """Return what came together."""
        self._end_run()
        return self._layer

    def _continues(self, glyph: Glyph) -> bool:
        assert self._run is not None
        if glyph.angle != self._run.angle:
            return False
        lower, higher = sorted((glyph.box[3] - glyph.box[1], self._last[3] - self._last[1]))
        if higher > _INITIAL * lower or not share_line(glyph.box, self._last):
            return False
        # Far inside the run stands what was printed over it, not what follows it; unless it adjoins the last
        # character, as within a word from right to left at the end of a line from left to right.
        return any(-higher <= _beside(glyph.box, box) <= _GAP * higher for box in (self._run.box, self._last))

    def _apart(self, glyph: Glyph) -> bool:
        """Tell whether there is a space where pdfium saw a new line, as behind a superscript."""
        height = min(glyph.box[3] - glyph.box[1], self._last[3] - self._last[1])
        return max(glyph.box[0] - self._last[2], self._last[0] - glyph.box[2]) > 0.3 * height

    def _end_word(self) -> None:
        if self._run is not None and self._letters:
            box = reduce(_joined, self._boxes)
            corners = [_turned(x, y, -self._run.angle) for x in (box[0], box[2]) for y in (box[1], box[3])]
            xs, ys = zip(*corners, strict=True)
            text = unicodedata.normalize("NFC", "".join(self._letters))
            self._run.words.append(Word(text, (min(xs), min(ys), max(xs), max(ys))))
        self._letters, self._boxes = [], []

    def _end_run(self) -> None:
        self._end_word()
        self._run = None


def _joined(one: Box, other: Box) -> Box:
    """Return the box around two; this runs once for every character."""
    return (
        one[0] if one[0] < other[0] else other[0],
        one[1] if one[1] < other[1] else other[1],
        one[2] if one[2] > other[2] else other[2],
        one[3] if one[3] > other[3] else other[3],
    )


def _beside(one: Box, other: Box) -> float:
    """Return how far apart two boxes stand on their line; less than 0 where they overlap."""
    return max(one[0] - other[2], other[0] - one[2])


def share_line(one: Box, other: Box) -> bool:
    """Tell whether two boxes share half of the lower one's height."""
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return shared >= _SAME_LINE * min(one[3] - one[1], other[3] - other[1])

"""Break text into lines and place the lines on pages, keeping the reading order.

Lengths are points (1/72 inch) and y grows downwards from the top edge. Text becomes slugs (lines of a
certain height, as a compositor casts them), slugs are placed in frames from top to bottom, and frames
make a page. The ground truth of a page is read off its marks, so it cannot differ from what is drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tools.make_samples.faces import Face, text_width
from tools.make_samples.pixels import Colour

Align = Literal["left", "right", "centre", "justify"]

BLACK: Colour = (24, 22, 24)
WHITE: Colour = (255, 255, 255)

# Part of the leading that lies above the baseline.
BASELINE_SHARE = 0.78


class PageFull(Exception):
    """Text does not fit into the frame it was meant for."""


@dataclass(frozen=True)
class Style:
    """How a run of text looks: face, size and leading in points, colour, alignment."""

    face: Face
    size: float
    leading: float
    align: Align = "left"
    colour: Colour = BLACK

    def width(self, text: str) -> float:
        """Width of `text` in points."""
        return text_width(text, self.face, self.size)


@dataclass(frozen=True)
class Word:
    """Text that is drawn in one go; `x` is its left edge, from the frame's or the page's left."""

    x: float
    text: str


@dataclass(frozen=True)
class Slug:
    """A line waiting for its place. Without words it is white space, with `rule` also a drawn line.

    `room` is the height that must be free below it, so that a heading never ends a column.
    """

    height: float
    words: tuple[Word, ...] = ()
    style: Style | None = None
    rule: float = 0.0
    room: float = 0.0


@dataclass(frozen=True)
class Line:
    """Words on one baseline of a page."""

    words: tuple[Word, ...]
    baseline: float
    style: Style

    @property
    def text(self) -> str:
        """The line as it is read: its words with single spaces."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True)
class Rule:
    """A straight line of a certain thickness."""

    start: tuple[float, float]
    end: tuple[float, float]
    thickness: float = 0.7
    colour: Colour = BLACK


@dataclass(frozen=True)
class Box:
    """A filled rectangle without an outline."""

    corner: tuple[float, float]
    size: tuple[float, float]
    colour: Colour


@dataclass(frozen=True)
class Stamp:
    """A rubber stamp: centred lines in a frame, turned anticlockwise by `degrees`, inked over the page."""

    lines: tuple[str, ...]
    centre: tuple[float, float]
    size: tuple[float, float]
    style: Style
    degrees: float

    @property
    def text(self) -> str:
        """The stamp as it is read."""
        return "\n".join(self.lines)


Mark = Line | Rule | Box | Stamp


@dataclass(frozen=True)
class Page:
    """A page: its width and height, and its marks in reading order."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    paper: Colour = WHITE

    @property
    def text(self) -> str:
        """Ground truth: one line of text per line on the page, in reading order."""
        return "\n".join(mark.text for mark in self.marks if isinstance(mark, Line | Stamp))


class Frame:
    """A column on a page, filled from top to bottom."""

    def __init__(self, left: float, top: float, width: float, bottom: float) -> None:
        """An empty frame between `top` and `bottom`."""
        self.left = left
        self.width = width
        self.bottom = bottom
        self.cursor = top
        self.marks: list[Mark] = []

    def fits(self, slug: Slug) -> bool:
        """Whether the slug and the room that it asks for are still free."""
        return self.cursor + max(slug.height, slug.room) <= self.bottom + 0.01

    def place(self, slugs: Iterable[Slug]) -> None:
        """Put slugs below what is there; raises PageFull when they reach beyond the bottom."""
        for slug in slugs:
            if not self.fits(slug):
                raise PageFull(f"no room for {' '.join(word.text for word in slug.words)!r}")
            self._put(slug)

    def _put(self, slug: Slug) -> None:
        if slug.style is not None:
            words = tuple(Word(self.left + word.x, word.text) for word in slug.words)
            self.marks.append(Line(words, self.cursor + slug.height * BASELINE_SHARE, slug.style))
        elif slug.rule:
            middle = self.cursor + slug.height / 2
            self.marks.append(Rule((self.left, middle), (self.left + self.width, middle), slug.rule))
        self.cursor += slug.height


def flow(slugs: Iterable[Slug], frames: Iterator[Frame]) -> None:
    """Fill frame after frame; white space at the head of a frame is dropped. Raises PageFull."""
    frame, fresh = next(frames), True
    for slug in slugs:
        if not frame.fits(slug):
            following = next(frames, None)
            if following is None:
                raise PageFull("the text is longer than its frames")
            frame, fresh = following, True
        if fresh and not slug.words:
            continue
        frame.place([slug])
        fresh = False


def gap(height: float) -> list[Slug]:
    """White space."""
    return [Slug(height)]


def rule(height: float = 8, thickness: float = 0.7) -> list[Slug]:
    """A line across the frame in the middle of some white space."""
    return [Slug(height, rule=thickness)]


def paragraph(text: str, style: Style, width: float, *, room: float = 0.0) -> list[Slug]:
    """The lines of one paragraph broken to `width`; `room` as in Slug, for the first line."""
    rows = _broken(text.split(), style, width)
    slugs = [
        Slug(style.leading, _spread(row, style, width, last=number == len(rows)), style)
        for number, row in enumerate(rows, start=1)
    ]
    return [replace(slugs[0], room=room), *slugs[1:]]


def prose(text: str, style: Style, width: float, *, between: float | None = None) -> list[Slug]:
    """Paragraphs that blank lines separate, with `between` points (half a line) between them."""
    space = gap(style.leading / 2 if between is None else between)
    blocks = [paragraph(block, style, width) for block in text.strip().split("\n\n")]
    return [slug for block in blocks for slug in (*block, *space)][:-1]


def lines(texts: Iterable[str], style: Style, width: float) -> list[Slug]:
    """Each text as a paragraph of its own, without space between them."""
    return list(itertools.chain.from_iterable(paragraph(text, style, width) for text in texts if text))


@dataclass(frozen=True)
class Column:
    """A column of a table: the left edge of left-aligned text, or the right edge of right-aligned text."""

    at: float
    align: Literal["left", "right"] = "left"

    def edge(self, cell: str, style: Style) -> float:
        """Where the left edge of the cell's text comes to lie."""
        return self.at if self.align == "left" else self.at - style.width(cell)


def row(cells: Sequence[str], columns: Sequence[Column], style: Style, height: float) -> Slug:
    """One line of a table; empty cells are left out of the text."""
    words = tuple(
        Word(column.edge(cell, style), cell) for cell, column in zip(cells, columns, strict=True) if cell
    )
    return Slug(height, words, style)


def _broken(words: Sequence[str], style: Style, width: float) -> list[list[str]]:
    """First-fit line breaking; a word wider than the line raises PageFull."""
    rows: list[list[str]] = []
    for word in words:
        if style.width(word) > width:
            raise PageFull(f"{word!r} is wider than its column of {width:.0f} points")
        if rows and style.width(" ".join([*rows[-1], word])) <= width:
            rows[-1].append(word)
        else:
            rows.append([word])
    return rows


def _spread(words: Sequence[str], style: Style, width: float, *, last: bool) -> tuple[Word, ...]:
    """Positions of a line's words according to the alignment; the last line is never stretched."""
    space = style.width(" ")
    slack = width - style.width(" ".join(words))
    if style.align == "justify" and not last and len(words) > 1:
        space += slack / (len(words) - 1)
    x = {"right": slack, "centre": slack / 2}.get(style.align, 0.0)
    placed = []
    for word in words:
        placed.append(Word(x, word))
        x += style.width(word) + space
    return tuple(placed)

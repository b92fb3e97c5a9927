"""Page designs: how each kind of content is set on its page or pages. Lengths are points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tools.make_samples.content import trade
from tools.make_samples.content.letters import Letter, Memo
from tools.make_samples.content.press import Article, FrontPage
from tools.make_samples.content.reports import Report
from tools.make_samples.faces import Face
from tools.make_samples.pixels import Colour
from tools.make_samples.typesetting import (
    Align,
    Box,
    Column,
    Frame,
    Mark,
    Page,
    PageFull,
    Rule,
    Slug,
    Stamp,
    Style,
    flow,
    gap,
    lines,
    paragraph,
    prose,
    row,
    rule,
)

A4 = (595.0, 842.0)
A5 = (420.0, 595.0)
B5 = (499.0, 709.0)
CUTTING = (640.0, 560.0)
TILL_ROLL = (205.0, 372.0)

PEN_BLUE: Colour = (28, 42, 128)
STAMP_RED: Colour = (176, 28, 40)
STAMP_VIOLET: Colour = (92, 52, 150)

LEADING = 1.32
CELL_PADDING = 1.62


@dataclass(frozen=True)
class Typography:
    """The faces of a document and the size of its running text in points."""

    text: Face
    bold: Face
    italic: Face
    size: float

    def body(self, align: Align = "left") -> Style:
        """Running text."""
        return self.sized(1.0, self.text, align)

    def strong(self, factor: float = 1.0, align: Align = "left") -> Style:
        """Bold text, `factor` times the running size."""
        return self.sized(factor, self.bold, align)

    def slanted(self, factor: float = 1.0, align: Align = "left") -> Style:
        """Italic text, `factor` times the running size."""
        return self.sized(factor, self.italic, align)

    def sized(self, factor: float, face: Face, align: Align) -> Style:
        """A style `factor` times the running size."""
        size = self.size * factor
        return Style(face, size, size * LEADING, align)


def serif(size: float) -> Typography:
    """Caladea, the face of office letters."""
    return Typography(Face.SERIF, Face.SERIF_BOLD, Face.SERIF_ITALIC, size)


def book(size: float) -> Typography:
    """Source Serif, the face of print."""
    return Typography(Face.BOOK, Face.BOOK_BOLD, Face.BOOK_ITALIC, size)


def sans(size: float) -> Typography:
    """Roboto, the face of forms and invoices."""
    return Typography(Face.SANS, Face.SANS_BOLD, Face.SANS_ITALIC, size)


def whole_frame(size: tuple[float, float], margin: float) -> Frame:
    """One frame over the page within its margins."""
    return Frame(margin, margin, size[0] - 2 * margin, size[1] - margin)


def page_of(size: tuple[float, float], *parts: Sequence[Mark]) -> Page:
    """A page from marks in reading order."""
    return Page(*size, tuple(mark for part in parts for mark in part))


def letter(
    content: Letter,
    type_: Typography,
    *,
    size: tuple[float, float] = A4,
    margin: float = 72,
    head: Align = "left",
    stamp: Stamp | None = None,
) -> Page:
    """A letter: head, date, recipient, subject, text, closing; a stamp is read last."""
    frame = whole_frame(size, margin)
    width, body = frame.width, type_.body()
    name, *address = content.head
    frame.place(paragraph(name, type_.strong(1.5, head), width))
    frame.place(lines(address, type_.slanted(0.9, head), width))
    frame.place(rule(14) + gap(10))
    frame.place(paragraph(content.date, type_.body("right"), width) + gap(6))
    frame.place(lines(content.recipient, body, width) + gap(14))
    frame.place(lines([content.subject], type_.strong(), width) + gap(8))
    if content.salutation:
        frame.place(paragraph(content.salutation, body, width) + gap(7))
    frame.place(prose(content.body, body, width) + gap(16))
    signature, *offices = content.closing[1:]
    frame.place(paragraph(content.closing[0], body, width) + gap(10))
    frame.place(paragraph(signature, type_.slanted(1.35), width))
    frame.place(lines(offices, body, width))
    return page_of(size, frame.marks, [stamp] if stamp else [])


def memo(content: Memo, type_: Typography, *, size: tuple[float, float] = A4, margin: float = 64) -> Page:
    """A memo: title, labelled heads, prose, points."""
    frame = whole_frame(size, margin)
    width, body = frame.width, type_.body()
    frame.place(paragraph(content.title, type_.strong(2.2), width) + gap(8))
    columns = (Column(0), Column(5.5 * type_.size))
    frame.place(row(cells, columns, body, body.leading * 1.15) for cells in content.heads)
    frame.place(rule(18, 1.2) + gap(6))
    frame.place(prose(content.body, body, width) + gap(12))
    for point in content.points:
        frame.place(paragraph(point, body, width) + gap(4))
    return page_of(size, frame.marks)


def invoice(
    content: trade.Invoice,
    type_: Typography,
    *,
    size: tuple[float, float] = A4,
    margin: float = 60,
    shading: Colour | None = None,
    stamp: Stamp | None = None,
) -> Page:
    """An invoice: seller, facts, buyer, table of goods, totals, stamp, notes."""
    frame = whole_frame(size, margin)
    width, body = frame.width, type_.body()
    name, *address = content.seller
    frame.place(paragraph(name, type_.strong(1.7), width) + lines(address, body, width) + gap(16))
    frame.place(paragraph(content.title, type_.strong(1.4, "right"), width))
    frame.place(lines(content.facts, type_.body("right"), width) + gap(4))
    frame.place(paragraph(content.buyer[0], type_.strong(0.9), width))
    frame.place(lines(content.buyer[1:], body, width) + gap(18))
    columns = (Column(4), Column(0.13 * width), Column(0.8 * width, "right"), Column(width - 4, "right"))
    height = body.leading * CELL_PADDING
    top = frame.cursor
    frame.place([row(("Qty", "Description", "Price", "Amount"), columns, type_.strong(), height)])
    shade = [Box((frame.left, top), (width, height), shading)] if shading else []
    frame.place(rule(2) + [row(cells, columns, body, height) for cells in content.rows] + rule(6))
    for label, amount in content.totals:
        style = type_.strong() if (label, amount) == content.totals[-1] else body
        frame.place([row(("", "", label, amount), columns, style, height)])
    stamped = [stamp] if stamp else []
    after = Frame(frame.left, frame.cursor + 26, width, frame.bottom)
    after.place(prose(content.notes, type_.sized(0.92, type_.text, "left"), width))
    return page_of(size, shade, frame.marks, stamped, after.marks)


def terms(title: str, text: str, footer: str, type_: Typography, *, margin: float = 60) -> Page:
    """The page behind an invoice: a title, prose, a footer."""
    frame = whole_frame(A4, margin)
    frame.place(paragraph(title, type_.strong(1.4), frame.width) + gap(10))
    frame.place(prose(text, type_.body(), frame.width) + gap(24))
    frame.place(paragraph(footer, type_.slanted(0.9, "centre"), frame.width))
    return page_of(A4, frame.marks)


def receipt(type_: Typography) -> Page:
    """The receipt of a till: narrow, centred head, two columns."""
    size = TILL_ROLL
    frame = whole_frame(size, 14)
    width, body, middle = frame.width, type_.body(), type_.body("centre")
    columns = (Column(0), Column(width, "right"))
    name, *address = trade.GROCER_HEAD
    frame.place(paragraph(name, type_.strong(1.35, "centre"), width) + lines(address, middle, width))
    frame.place(gap(8) + lines(trade.GROCER_FACTS, body, width) + rule(10))
    frame.place(row(cells, columns, body, body.leading * 1.12) for cells in trade.GROCER)
    frame.place(rule(10))
    for cells in trade.GROCER_TOTALS:
        style = type_.strong(1.15) if cells == trade.GROCER_TOTALS[0] else body
        frame.place([row(cells, columns, style, style.leading * 1.12)])
    frame.place(gap(12) + lines(trade.GROCER_FOOT, middle, width))
    return page_of(size, frame.marks)


def form(type_: Typography, *, margin: float = 58) -> Page:
    """A printed form filled in with a blue pen; each field is a label and then its answer."""
    frame = whole_frame(A4, margin)
    width, body = frame.width, type_.body()
    pen = replace(Style(Face.BOOK_ITALIC, type_.size * 1.3, body.leading), colour=PEN_BLUE)
    rules: list[Mark] = []
    frame.place(paragraph(trade.LIBRARY_TITLE, type_.strong(1.5), width) + gap(4))
    frame.place(paragraph(trade.LIBRARY_INTRO, body, width) + gap(16))
    for label, answer in trade.LIBRARY_FIELDS:
        _fill_in(frame, rules, (label, body), (answer, pen))
    frame.place(gap(6) + prose(trade.LIBRARY_DECLARATION, body, width) + gap(16))
    for label, answer in trade.LIBRARY_SIGNED:
        _fill_in(frame, rules, (label, body), (answer, pen))
    return page_of(A4, rules, frame.marks)


def _fill_in(frame: Frame, rules: list[Mark], label: tuple[str, Style], answer: tuple[str, Style]) -> None:
    """A label and, on the line below it, the answer above a rule."""
    frame.place(paragraph(*label, frame.width))
    inset = replace(answer[1], align="left")
    frame.place([Slug(inset.leading * 1.25, paragraph(answer[0], inset, frame.width)[0].words, inset)])
    foot = frame.cursor + 1
    rules.append(Rule((frame.left, foot), (frame.left + frame.width * 0.72, foot), 0.6))
    frame.place(gap(9))


def table(
    content: trade.Table,
    type_: Typography,
    *,
    size: tuple[float, float] = A4,
    margin: float = 56,
    shading: Colour | None = None,
    ruled: bool = False,
) -> Page:
    """A page with one table under a title, and a note below it."""
    frame = whole_frame(size, margin)
    frame.place(paragraph(content.title, type_.strong(1.4), frame.width) + gap(6))
    frame.place(paragraph(content.intro, type_.body(), frame.width) + gap(14))
    top = frame.cursor
    slugs = grid(content.rows, type_, frame.width)
    shades = []
    for number, slug in enumerate(slugs):
        if shading and number % 2:
            shades.append(Box((frame.left, frame.cursor), (frame.width, slug.height), shading))
        frame.place([slug])
    lattice = _lattice(frame, top, len(content.rows)) if ruled else []
    frame.place(gap(14) + paragraph(content.note, type_.slanted(), frame.width))
    return page_of(size, shades, lattice, frame.marks)


def grid(rows: Sequence[trade.Row], type_: Typography, width: float) -> list[Slug]:
    """The rows of a table: the first is its head, the first column is left-aligned."""
    body = type_.body()
    height = body.leading * CELL_PADDING
    count = len(rows[0])
    first = 0.34 * width
    share = (width - first) / (count - 1)
    columns = [Column(6), *(Column(first + share * number - 8, "right") for number in range(1, count))]
    head, *others = rows
    return [
        replace(row(head, columns, type_.strong(), height), room=height * len(rows)),
        *(row(cells, columns, body, height) for cells in others),
    ]


def _lattice(frame: Frame, top: float, count: int) -> list[Mark]:
    """Thin lines above, between and below `count` equal rows that end at the frame's cursor."""
    step = (frame.cursor - top) / count
    heights = [top + number * step for number in range(count + 1)]
    return [Rule((frame.left, y), (frame.left + frame.width, y), 0.6) for y in heights]


def columned(
    article: Article,
    type_: Typography,
    *,
    pages: int,
    size: tuple[float, float] = A4,
    margin: float = 54,
    align: Align = "left",
) -> list[Page]:
    """An article in two columns under a title; raises PageFull when so many `pages` do not do."""
    head = whole_frame(size, margin)
    head.place(paragraph(article.headline, type_.strong(2.4), head.width))
    head.place(paragraph(article.byline, type_.slanted(1.15), head.width) + rule(14))
    tops = [head.cursor + 6, *[margin] * (pages - 1)]
    width = side_by_side(size[0], 2, margin, 0, 0)[0].width
    text = prose(article.body, type_.body(align), width)

    def frames_down_to(bottom: float) -> list[Frame]:
        return [frame for top in tops for frame in side_by_side(size[0], 2, margin, top, bottom)]

    frames = balanced(text, frames_down_to, max(tops), size[1] - margin)
    pairs = [[*left.marks, *right.marks] for left, right in zip(frames[::2], frames[1::2], strict=True)]
    return [page_of(size, head.marks, pairs[0]), *(page_of(size, pair) for pair in pairs[1:])]


def side_by_side(page_width: float, count: int, margin: float, top: float, bottom: float) -> list[Frame]:
    """Equal columns next to each other, 20 points apart."""
    distance = 20
    width = (page_width - 2 * margin - distance * (count - 1)) / count
    lefts = [margin + number * (width + distance) for number in range(count)]
    return [Frame(left, top, width, bottom) for left in lefts]


def balanced(
    slugs: Sequence[Slug], frames_down_to: Callable[[float], list[Frame]], top: float, limit: float
) -> list[Frame]:
    """Frames as short as the text allows, filled with it; raises PageFull when `limit` is too short."""
    bottom = top
    while bottom < limit:
        frames = frames_down_to(bottom)
        try:
            flow(slugs, iter(frames))
        except PageFull:
            bottom += 4
        else:
            return frames
    raise PageFull("the text is longer than its columns")


def newspaper(content: FrontPage, type_: Typography, *, size: tuple[float, float], columns: int) -> Page:
    """A newspaper page: masthead, dateline, justified columns parted by thin rules."""
    margin = 40
    head = whole_frame(size, margin)
    title = Style(Face.BOOK_BLACK, type_.size * 4.2, type_.size * 5, "centre")
    head.place(paragraph(content.masthead, title, head.width) + rule(8, 1.4))
    head.place(paragraph(content.dateline, type_.sized(1.0, type_.text, "centre"), head.width) + rule(8))
    top = head.cursor + 8
    width = side_by_side(size[0], columns, margin, 0, 0)[0].width
    slugs = [slug for article in content.articles for slug in _article(article, type_, width)]
    frames = balanced(
        slugs,
        lambda bottom: side_by_side(size[0], columns, margin, top, bottom),
        top,
        size[1] - margin,
    )
    gutters = [Rule((frame.left - 10, top), (frame.left - 10, frame.bottom), 0.5) for frame in frames[1:]]
    return page_of(size, head.marks, gutters, *(frame.marks for frame in frames))


def _article(article: Article, type_: Typography, width: float) -> list[Slug]:
    headline = paragraph(article.headline, type_.strong(1.7), width, room=type_.size * 8)
    byline = paragraph(article.byline, type_.slanted(), width) if article.byline else []
    body = prose(article.body, type_.body("justify"), width, between=type_.size * 0.4)
    return [*headline, *gap(2), *byline, *gap(3), *body, *gap(14)]


@dataclass
class _Sheets:
    """The sheets of a report: hands out text frames, as many as are asked for, and binds them as pages."""

    running: str
    type_: Typography
    size: tuple[float, float]
    margin: float
    frames: list[Frame] = field(default_factory=list)

    @property
    def width(self) -> float:
        """Width of the text in points."""
        return self.size[0] - 2 * self.margin

    def __iter__(self) -> Iterator[Frame]:
        while True:
            frame = Frame(self.margin, self.margin + 26, self.width, self.size[1] - self.margin - 30)
            self.frames.append(frame)
            yield frame

    def bound(self) -> list[Page]:
        """Each sheet with its running head, its text and its page number, read in this order."""
        small = self.type_.sized(0.85, self.type_.text, "left")
        head = Frame(self.margin, self.margin - 14, self.width, self.margin + 20)
        head.place(paragraph(self.running, small, self.width) + rule(6, 0.5))
        pages = []
        for number, frame in enumerate(self.frames, start=1):
            foot = Frame(self.margin, self.size[1] - self.margin - 12, self.width, self.size[1])
            folio = f"Page {number} of {len(self.frames)}"
            foot.place(paragraph(folio, replace(small, align="centre"), self.width))
            pages.append(page_of(self.size, head.marks, frame.marks, foot.marks))
        return pages


def report(
    content: Report,
    type_: Typography,
    *,
    size: tuple[float, float],
    margin: float = 66,
    chapter_room: float = 80,
) -> list[Page]:
    """A report: running head, text, and page number on each page, as many pages as the text needs.

    A chapter after the first begins on a new page when less than `chapter_room` is free.
    """
    sheets = _Sheets(content.running, type_, size, margin)
    width = sheets.width
    slugs = paragraph(content.title, type_.strong(2.0), width) + gap(4)
    slugs += paragraph(content.subtitle, type_.slanted(1.1), width) + rule(20) + gap(4)
    for number, chapter in enumerate(content.chapters):
        room = chapter_room if number else 0.0
        slugs += paragraph(chapter.heading, type_.strong(1.35), width, room=room) + gap(4)
        slugs += prose(chapter.body, type_.body(), width) + gap(10)
        slugs += grid(chapter.table, type_, width) + gap(16) if chapter.table else []
    flow(slugs, iter(sheets))
    return sheets.bound()


def stamp(
    texts: tuple[str, ...],
    *,
    centre: tuple[float, float],
    size: tuple[float, float],
    letters: float,
    degrees: float,
    colour: Colour = STAMP_RED,
) -> Stamp:
    """A rubber stamp in bold sans serif of `letters` points."""
    return Stamp(texts, centre, size, Style(Face.SANS_BOLD, letters, letters * 1.3, colour=colour), degrees)

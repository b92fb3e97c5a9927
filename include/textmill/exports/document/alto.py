"""Write ALTO 4 (Library of Congress, https://www.loc.gov/standards/alto/): layout and text as XML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from textmill.exports.document.described import DocumentFacts
from textmill.exports.document.markup import Markup
from textmill.exports.document.outlines import Box, Outline, box_around, outline_of
from textmill.exports.document.words import PlacedWord, placed_words
from textmill.records import LineRecord, PageRecord, Point

_NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
_SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-2.xsd"
_MOST_PIXELS = 100_000_000
"""No page is larger; what a medium says of places may be nonsense."""


def write_alto(out: BinaryIO, facts: DocumentFacts, pages: Iterable[PageRecord]) -> None:
    """Write a document: one `Page` per page, one `String` per word.

    Lines have their outline and baseline; `WC` of each word is the confidence of its line, and its box is
    interpolated, as the description of the processing says.
    """
    markup = Markup(out)
    markup.begin()
    with markup.element(
        "alto",
        **{
            "xmlns": _NAMESPACE,
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": f"{_NAMESPACE} {_SCHEMA}",
        },
        SCHEMAVERSION="4.2",
    ):
        _write_description(markup, facts)
        with markup.element("Layout"):
            for page in pages:
                _write_page(markup, page)
    markup.finish()


def _write_description(markup: Markup, facts: DocumentFacts) -> None:
    with markup.element("Description"):
        markup.leaf("MeasurementUnit", "pixel")
        with markup.element("sourceImageInformation"):
            markup.leaf("fileName", facts.name)
            markup.leaf("fileIdentifier", f"sha256:{facts.sha256}")
        with markup.element("Processing", ID="processing_1"):
            if facts.loaded_at is not None:
                markup.leaf("processingDateTime", facts.loaded_at.isoformat(timespec="seconds") + "Z")
            markup.leaf(
                "processingStepDescription",
                "Lines were outlined and read; boxes of words are interpolated, and WC is that of the line.",
            )
            with markup.element("processingSoftware"):
                markup.leaf("softwareName", "Textmill")
    markup.raw("\n")


def _write_page(markup: Markup, page: PageRecord) -> None:
    number = page.page_no
    with (
        markup.element(
            "Page",
            ID=f"page_{number}",
            PHYSICAL_IMG_NR=number,
            WIDTH=page.width,
            HEIGHT=page.height,
            PC=None if page.confidence is None else f"{page.confidence:.4f}",
            PROCESSINGREFS="processing_1",
        ),
        markup.element("PrintSpace", **_place((0, 0, page.width, page.height))),
    ):
        placed = [(line, outline) for line in page.lines if (outline := outline_of(line.polygon, line.text))]
        if placed:
            around = box_around([corner for _, outline in placed for corner in outline.corners])
            with markup.element("TextBlock", ID=f"block_{number}", **_place(around)):
                for line, outline in placed:
                    markup.raw("\n")
                    _write_line(markup, number, line, outline)
    markup.raw("\n")


def _write_line(markup: Markup, page_no: int, line: LineRecord, outline: Outline) -> None:
    number = f"{page_no}_{line.line_no}"
    baseline = (outline.bottom_left, outline.bottom_right)
    with markup.element("TextLine", ID=f"line_{number}", BASELINE=_points(baseline), **_place(outline.box)):
        with markup.element("Shape"):
            markup.leaf("Polygon", POINTS=_points(line.polygon))
        before: PlacedWord | None = None
        for index, word in enumerate(placed_words(line), start=1):
            if before is not None:
                markup.leaf("SP")
            markup.leaf(
                "String",
                ID=f"word_{number}_{index}",
                CONTENT=word.text,
                WC=f"{line.confidence:.4f}",
                **_place(word.outline.box),
            )
            before = word


def _place(box: Box) -> dict[str, float]:
    left, top, right, bottom = (_rounded(value) for value in box)
    return {"HPOS": left, "VPOS": top, "WIDTH": round(right - left, 1), "HEIGHT": round(bottom - top, 1)}


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{_rounded(x)},{_rounded(y)}" for x, y in points)


def _rounded(value: float) -> float:
    return round(min(max(value, -_MOST_PIXELS), _MOST_PIXELS), 1)

"""hOCR, ALTO and plain text of pages: what they say and where it stands."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from textmill.exports.document.alto import write_alto
from textmill.exports.document.described import DocumentFacts, DocumentFormat
from textmill.exports.document.hocr import write_hocr
from textmill.exports.document.names import file_name
from textmill.exports.document.outlines import outline_of
from textmill.exports.document.plain_text import write_plain_text
from textmill.exports.document.words import placed_words, visual_order
from textmill.records import Kind, LineRecord, PageRecord, Point

ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"
XHTML = "{http://www.w3.org/1999/xhtml}"
LEVEL = ((100.0, 200.0), (500.0, 200.0), (500.0, 240.0), (100.0, 240.0))
SLANTED = ((100.0, 200.0), (500.0, 240.0), (496.0, 280.0), (96.0, 240.0))
DOWNWARDS = ((100.0, 200.0), (140.0, 200.0), (140.0, 600.0), (100.0, 600.0))


def line(text: str = "Dear Sir", polygon: Sequence[Point] = LEVEL, line_no: int = 1) -> LineRecord:
    return LineRecord(line_no=line_no, text=text, confidence=0.87, polygon=tuple(polygon))


def page(*lines: LineRecord, page_no: int = 1, **changes: Any) -> PageRecord:
    values = {
        "sha256": "a" * 64,
        "page_no": page_no,
        "text": "\n".join(one.text for one in lines),
        "confidence": 0.87,
        "confidence_low": 0.8,
        "width": 1000,
        "height": 1400,
        "dpi": 200,
        "rotation": 0,
        "ink": 0.1,
        "text_source": "ocr",
        "engine": "paddle",
        "model": "m",
        "fingerprint": "f",
        "milliseconds": 5,
        "lines": lines,
    }
    return PageRecord.model_validate(values | changes)


def facts(uri: str | None = "file:///in/letter%20%22A%22%20%3C1%3E.png", **changes: Any) -> DocumentFacts:
    values = {
        "media_id": 1,
        "sha256": "a" * 64,
        "uri": uri,
        "kind": Kind.IMAGE,
        "mime": "image/png",
        "pages": 1,
        "page_count": 1,
        "loaded_at": datetime(2026, 11, 24, 12),
    }
    return DocumentFacts(**values | changes)


def hocr(*pages: PageRecord) -> ElementTree.Element:
    out = io.BytesIO()
    write_hocr(out, facts(), pages)
    return ElementTree.fromstring(out.getvalue())


def alto(*pages: PageRecord) -> ElementTree.Element:
    out = io.BytesIO()
    write_alto(out, facts(), pages)
    return ElementTree.fromstring(out.getvalue())


def by_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if element.get("class") == name]


# --- where words stand ---------------------------------------------------------------------------------


def test_words_share_their_line_by_their_length() -> None:
    first, second = placed_words(line("nnnn nn"))
    left, top, right, bottom = first.outline.box
    assert (left, top, bottom) == (100, 200, 240)
    assert right - left == pytest.approx(400 * 4 / 6.55)
    assert second.outline.box[2] == pytest.approx(500)


def test_words_of_a_slanted_line_follow_its_slope() -> None:
    words = placed_words(line("nnn nnn", SLANTED))
    assert [word.outline.top_left[1] for word in words] == pytest.approx([200, 200 + 40 * 3.55 / 6.55])


def test_words_of_a_line_that_runs_downwards_stand_below_each_other() -> None:
    first, second = placed_words(line("nnn nnn", DOWNWARDS))
    assert first.outline.box[1] == 200
    assert first.outline.box[3] < second.outline.box[1]
    assert first.outline.angle == pytest.approx(90)
    # The tops of the letters are on the right.
    assert first.outline.top_left == (140, 200)


def test_a_single_tall_character_does_not_run_downwards() -> None:
    outline = outline_of(DOWNWARDS, "I")
    assert outline is not None and outline.angle == 0


@pytest.mark.parametrize("polygon", [(), ((5.0, 5.0),) * 4, ((5.0, 5.0), (9.0, 5.0), (9.0, 5.0), (5.0, 5.0))])
def test_a_line_without_an_outline_has_no_words_that_stand_anywhere(polygon: Sequence[Point]) -> None:
    assert placed_words(line(polygon=polygon)) == []


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ("one two", [0, 1]),
        ("שלום עולם", [1, 0]),
        ("שלום a b עולם", [3, 1, 2, 0]),
        ("Please see שלום עולם there", [0, 1, 3, 2, 4]),
        ("שלום 12 34", [2, 1, 0]),
        ("Please see שלום 12 עולם", [0, 1, 4, 3, 2]),
        ("12 34", [0, 1]),
    ],
)
def test_words_from_right_to_left_stand_in_the_other_order(words: str, order: list[int]) -> None:
    assert visual_order(words.split()) == order


# --- hOCR -----------------------------------------------------------------------------------------------


def test_hocr_has_pages_lines_and_words_with_their_places() -> None:
    root = hocr(page(line("Dear Sir"), line("naïve 漢字 🦓", line_no=2)), page(page_no=2))
    pages = by_class(root, "ocr_page")
    assert [one.get("id") for one in pages] == ["page_1", "page_2"]
    title = pages[0].get("title") or ""
    assert title.startswith('image "letter \\"A\\" <1>.png"; bbox 0 0 1000 1400; ppageno 0')
    assert "scan_res 200 200" in title
    first, second = by_class(root, "ocr_line")
    assert first.get("title") == "bbox 100 200 500 240"
    assert "".join(first.itertext()) == "Dear Sir"
    assert "".join(second.itertext()) == "naïve 漢字 🦓"
    assert all(re.fullmatch(r"bbox \d+ \d+ \d+ \d+; x_wconf 87", word.get("title") or "") for word in first)
    assert {meta.get("name"): meta.get("content") for meta in root.iter(f"{XHTML}meta")}[
        "ocr-capabilities"
    ] == "ocr_page ocr_line ocrx_word"


def test_hocr_tells_how_a_line_slopes_or_is_turned() -> None:
    (slanted,) = by_class(hocr(page(line(polygon=SLANTED))), "ocr_line")
    # At the left edge of the box the baseline is 40 pixels above its bottom.
    assert slanted.get("title") == "bbox 96 200 500 280; baseline 0.1000 -40.0"
    (turned,) = by_class(hocr(page(line(polygon=DOWNWARDS))), "ocr_line")
    assert turned.get("title") == "bbox 100 200 140 600; textangle 270"


def test_hocr_keeps_the_text_of_lines_without_an_outline() -> None:
    (without,) = by_class(hocr(page(line("Dear Sir", ()))), "ocr_line")
    assert without.get("title") is None
    assert "".join(without.itertext()) == "Dear Sir"


# --- ALTO -----------------------------------------------------------------------------------------------


def test_alto_has_pages_lines_and_strings_with_their_places() -> None:
    root = alto(page(line("Dear Sir"), line("naïve 漢字 🦓", SLANTED, 2)), page(page_no=2))
    assert root.findtext(f"{ALTO}Description/{ALTO}MeasurementUnit") == "pixel"
    first, second = root.iter(f"{ALTO}Page")
    assert (first.get("WIDTH"), first.get("HEIGHT"), first.get("PHYSICAL_IMG_NR")) == ("1000", "1400", "1")
    assert first.get("PC") == "0.8700"
    assert list(second.iter(f"{ALTO}TextLine")) == []
    level, slanted = first.iter(f"{ALTO}TextLine")
    place = {name: float(level.get(name) or "nan") for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT")}
    assert place == {"HPOS": 100, "VPOS": 200, "WIDTH": 400, "HEIGHT": 40}
    assert slanted.get("BASELINE") == "96.0,240.0 496.0,280.0"
    polygon = slanted.find(f"{ALTO}Shape/{ALTO}Polygon")
    assert polygon is not None and polygon.get("POINTS") == "100.0,200.0 500.0,240.0 496.0,280.0 96.0,240.0"
    strings = list(level.iter(f"{ALTO}String"))
    assert [(one.get("CONTENT"), one.get("WC")) for one in strings] == [("Dear", "0.8700"), ("Sir", "0.8700")]
    assert [child.tag.removeprefix(ALTO) for child in level] == ["Shape", "String", "SP", "String"]


def test_identifiers_are_unique() -> None:
    pages = [page(line(), line(line_no=2), page_no=number) for number in (1, 2, 11)]
    for root in (alto(*pages), hocr(*pages)):
        found = [element.get("ID") or element.get("id") for element in root.iter()]
        named = [one for one in found if one]
        assert len(named) == len(set(named)) > 10


@pytest.mark.parametrize("write", [write_alto, write_hocr])
def test_what_xml_cannot_hold_becomes_a_replacement_character(write: Any) -> None:
    out = io.BytesIO()
    write(out, facts(), [page(line("a\x00b\x1b<&>\ufffe\"' c"))])
    root = ElementTree.fromstring(out.getvalue())
    text = "".join(one.get("CONTENT") or one.text or "" for one in root.iter())
    assert "a\ufffdb\ufffd<&>\ufffd\"'" in text


# --- text and names -------------------------------------------------------------------------------------


def test_plain_text_separates_pages_by_form_feeds() -> None:
    out = io.BytesIO()
    write_plain_text(out, [page(line("one")), page(line("zwei 🦓"), page_no=2)])
    assert out.getvalue().decode() == "one\fzwei 🦓\n"


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("file:///in/Letter%20of%20May.pdf", "Letter_of_May.pdf-aaaaaaaa.pdf"),
        ("file:///in/..%2F..%2Fetc%2Fpasswd", "passwd-aaaaaaaa.pdf"),
        ("file:///in/-rf%20%2A%0A%00", "rf-aaaaaaaa.pdf"),
        ("file:///in/%E6%9D%B1%E4%BA%AC.png", "東京.png-aaaaaaaa.pdf"),
        ("file:///in/%2E%2E", "document-aaaaaaaa.pdf"),
        ("file:///in/box.zip!a/b.png", "box.zip_a_b.png-aaaaaaaa.pdf"),
        (None, f"{'a' * 64}-aaaaaaaa.pdf"),
    ],
)
def test_names_of_files_are_safe(uri: str | None, name: str) -> None:
    assert file_name(facts(uri), DocumentFormat.PDF) == name


def test_names_of_files_are_bounded_in_bytes() -> None:
    assert len(file_name(facts("file:///in/" + "%E6%9D%B1" * 300), DocumentFormat.ALTO).encode()) <= 140

"""Reading media for the accuracy report, with engines that tell what they were given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bench.pairs import Pair
from bench.readers import READERS, TextmillReader, read_all
from textmill.engines.protocol import LineReading
from textmill.page import PageImage, PageText
from textmill.preprocessing.preprocessor import Preprocessor
from textmill.reading.calibration import Calibration
from textmill.reading.page_reader import PageReader
from textmill.reading.second_opinion import SecondOpinion
from textmill.records import LineRecord
from textmill.settings import Settings

BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 5.0), (0.0, 5.0))


class NamingEngine:
    """Reads from every page its number and its size, and doubts all but the first."""

    name = "naming"
    model = "none"
    fingerprint = "0"

    def read(self, page: PageImage) -> PageText:
        text = f"{page.page_no}: {page.width}x{page.height}"
        confidence = 0.9 if page.page_no == 1 else 0.1
        return PageText(text, (LineRecord(line_no=1, text=text, confidence=confidence, polygon=BOX),))


class Corrects:
    """A second reader that says `corrected`."""

    name = "other"
    fingerprint = "1"

    def read(self, pixels: Any, outlines: Any) -> list[LineReading]:
        return [LineReading("corrected", 0.5)] * len(outlines)


@pytest.fixture
def pairs(tmp_path: Path) -> list[Pair]:
    Image.new("RGB", (30, 20), "white").save(tmp_path / "a.png")
    Image.new("RGB", (72, 36), "white").save(tmp_path / "b.pdf", save_all=True, append_images=[])
    frames = [Image.new("L", (8 * width, 8), "white") for width in (1, 2)]
    frames[0].save(tmp_path / "c.tif", save_all=True, append_images=frames[1:])
    names = ("a.png", "b.pdf", "c.tif")
    return [Pair(tmp_path / name, tmp_path / f"{name}.gt.txt") for name in names]


def test_pages_are_joined_by_form_feeds(pairs: list[Pair]) -> None:
    reader = TextmillReader(PageReader(NamingEngine(), Preprocessor("none")), Settings())

    texts = {path.name: reading.text for path, reading in read_all(reader, pairs).items()}

    assert texts == {"a.png": "1: 30x20", "b.pdf": "1: 200x100", "c.tif": "1: 8x8\f2: 16x8"}


def test_what_cannot_be_read_is_left_out_with_a_sentence(
    pairs: list[Pair], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes((tmp_path / "a.png").read_bytes()[:60])
    reader = TextmillReader(PageReader(NamingEngine(), Preprocessor("none")), Settings())

    found = read_all(reader, [*pairs, Pair(broken, broken)])

    assert {path.name for path in found} == {"a.png", "b.pdf", "c.tif"}
    assert "Left out: broken.png" in capsys.readouterr().err


def test_what_second_opinions_did_is_counted_beside_the_text_without_them(pairs: list[Pair]) -> None:
    second = SecondOpinion("naming", [Corrects()], Calibration(), below=0.8)
    page_reader = PageReader(NamingEngine(), Preprocessor("none"), Calibration(), second)

    tif = list(read_all(TextmillReader(page_reader, Settings()), pairs).values())[2]

    assert tif.text == "1: 8x8\fcorrected"
    assert tif.lines == (("1: 8x8", 0.9), ("corrected", 0.5))
    assert tif.doubts is not None
    assert (tif.doubts.lines, tif.doubts.asked, tif.doubts.changed) == (2, 1, 1)
    assert tif.doubts.first_text == "1: 8x8\f2: 16x8"


def test_a_reader_without_second_opinions_says_nothing_of_them(pairs: list[Pair]) -> None:
    reader = TextmillReader(PageReader(NamingEngine(), Preprocessor("none")), Settings())
    assert all(reading.doubts is None for reading in read_all(reader, pairs).values())


def test_there_is_something_to_compare_with() -> None:
    assert list(READERS) == ["Textmill", "stock PaddleOCR", "PaddleOCR alone", "Tesseract alone"]

"""An engine of two parts puts its lines into the order of reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from textmill.engines.lines import LineEngine
from textmill.engines.protocol import LineReading
from textmill.page import PageImage, PageText


class Ruled:
    """Finds the cells of a ruled sheet, and reads in each what it was told."""

    name = model = fingerprint = "ruled"

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self._rows = rows

    def detect(self, pixels: Any) -> list[Any]:
        return [
            np.array([(x, y), (x + 80, y), (x + 80, y + 20), (x, y + 20)], np.float32)
            for y in range(0, 40 * len(self._rows), 40)
            for x in range(0, 100 * len(self._rows[0]), 100)
        ]

    def recognise(self, pictures: Sequence[Any]) -> list[LineReading]:
        texts = [text for row in self._rows for text in row]
        assert len(pictures) == len(texts)
        return [LineReading(text, 0.9 if text else 0.0) for text in texts]


def read(*rows: Sequence[str]) -> PageText:
    sheet = Ruled(rows)
    page = PageImage(page_no=1, pixels=np.full((200, 300, 3), 255, np.uint8), dpi=None)
    return LineEngine(sheet, sheet).read(page)


def test_the_cells_of_a_row_are_one_line_of_text() -> None:
    assert read(("tea", "2.50"), ("cake", "3.00")).text == "tea 2.50\ncake 3.00"


def test_rows_of_a_right_to_left_page_begin_at_the_right() -> None:
    page = read(("2.50", "תה"), ("3.00", "עוגה"))
    assert page.text == "תה 2.50\nעוגה 3.00"
    assert [line.text for line in page.lines] == ["תה", "2.50", "עוגה", "3.00"]
    assert page.lines[0].polygon[0] == (100.0, 0.0)


def test_boxes_without_text_leave_no_line_and_no_gap() -> None:
    page = read(("tea", ""), ("", ""), ("cake", "3.00"))
    assert page.text == "tea\ncake 3.00"
    assert [line.line_no for line in page.lines] == [1, 2, 3]

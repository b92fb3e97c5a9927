"""Text layers of pages in scripts that run from right to left."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest
from ocr_batches import OPTIONS
from pdf_pages import give_meanings, lines, together, write
from reportlab.pdfbase.pdfmetrics import stringWidth

from textmill.media import open_medium
from textmill.page import WrittenPage
from textmill.records import Kind
from textmill.text_direction import logical_order

RIGHT_MARGIN = 540.0
SIZE = 11.0
CODES = dict(zip("אבגדהוזחטיךכלםמןנסעףפץצקרשת", string.ascii_lowercase + "~", strict=True))
"""Helvetica shows these in place of the letters, and the PDF says which letters they are."""

Place = tuple[float, float, str]

HEADING = "כותרת אחת ארוכה שעומדת מעל שני הטורים של הדף"
COLUMNS = [
    [
        "שלום עולם טוב מאוד וגם",
        "בבית ספר גדול ויפה כאן",
        "היו הרבה ספרים ישנים",
        "והוא אמר לנו הכול היום",
        "סוף הטור הראשון הוא כאן",
    ],
    [
        "בטור השני יש גם מילים",
        "רבות מאוד שלא נאמרו כאן",
        "כי איש לא היה בבית היום",
        "ורק החתול ישב שם ושתק",
        "עד שהלילה ירד לאט לאט",
    ],
]
AMOUNTS = [["תפוחים", "12", "4.20"], ["אגסים", "7", "3.85"], ["חבושים", "1", "9.00"], ["2023", "20", "17.05"]]
LATIN_WORDS = [["תפוחים", "PDF", "HTML", "3"], ["אגסים", "XML", "CSV", "4"], ["TIFF", "PNG", "GIF", "JPEG"]]


def text_of(path: Path, places: list[Place]) -> list[str]:
    """Draw each text as it looks, with its right end at the place given, and read the page back."""
    draws = []
    for right, y, text in places:
        shown = "".join(CODES.get(one, one) for one in logical_order(text))
        draws.append(lines([shown], x=right - stringWidth(shown, "Helvetica", SIZE), top=y, size=SIZE))
    same = {one: one for one in string.ascii_uppercase + string.digits + " ."}
    write(path, together(*draws))
    give_meanings(path, same | {code: letter for letter, code in CODES.items()})
    with open_medium(path, Kind.PDF, "application/pdf", name=path.name, options=OPTIONS) as medium:
        page = medium.page(1)
    assert isinstance(page, WrittenPage), page.remarks
    return page.content.text.splitlines()


@pytest.mark.parametrize("drawing", ["down", "across", "across from the left", "at random"])
def test_columns_begin_at_the_right_however_they_were_drawn(tmp_path: Path, drawing: str) -> None:
    cells = [(column, row) for column in range(2) for row in range(5)]
    if drawing == "at random":
        random.Random(3).shuffle(cells)
    elif drawing != "down":
        cells.sort(key=lambda cell: (cell[1], -cell[0] if "left" in drawing else cell[0]))
    places = [(RIGHT_MARGIN - 250 * column, 760 - 16 * row, COLUMNS[column][row]) for column, row in cells]
    found = text_of(tmp_path / "a.pdf", [(RIGHT_MARGIN, 790, HEADING), *places])
    assert found == [HEADING, *COLUMNS[0], *COLUMNS[1]]


@pytest.mark.parametrize("table", [AMOUNTS, LATIN_WORDS], ids=["amounts", "Latin words"])
@pytest.mark.parametrize("from_the_left", [False, True])
def test_rows_begin_at_the_right_whatever_is_in_the_cells(
    tmp_path: Path, table: list[list[str]], from_the_left: bool
) -> None:
    places = [
        (RIGHT_MARGIN - 120 * column, 780 - 20 * row, cell)
        for row, cells in enumerate(table)
        for column, cell in enumerate(cells)
    ]
    if from_the_left:
        places.sort(key=lambda place: (-place[1], place[0]))
    prose = [(RIGHT_MARGIN, 640 - 16.0 * row, text) for row, text in enumerate(COLUMNS[0])]
    assert text_of(tmp_path / "a.pdf", places + prose) == [*(" ".join(row) for row in table), *COLUMNS[0]]


def test_a_line_of_latin_words_is_read_from_left_to_right(tmp_path: Path) -> None:
    texts = [*COLUMNS[0], "A LINE OF LATIN WORDS", "בשנת 2024 היו PDF כאן"]
    places = [(RIGHT_MARGIN, 780 - 16.0 * row, text) for row, text in enumerate(texts)]
    assert text_of(tmp_path / "a.pdf", places) == texts


def test_a_word_in_a_line_of_another_direction_stays_whole(tmp_path: Path) -> None:
    line = "A LONG LINE OF LATIN WORDS ABOUT של"
    places = [(RIGHT_MARGIN, 780 - 16.0 * row, text) for row, text in enumerate([line, *COLUMNS[0]])]
    assert "של" in text_of(tmp_path / "a.pdf", places)[0].split()

"""Right-to-left lines come out as they are typed."""

from __future__ import annotations

import pytest

from textmill.text_direction import is_right_to_left, logical_order


@pytest.mark.parametrize(
    ("in_the_picture", "typed"),
    [
        ("plain text (1)", "plain text (1)"),
        ("םולש", "שלום"),
        ("2024 ,םולש", "שלום, 2024"),
        ("(דחא) םולש", "שלום (אחד)"),
        ("OCR תמגוד", "דוגמת OCR"),
    ],
)
def test_lines_are_in_logical_order(in_the_picture: str, typed: str) -> None:
    assert logical_order(in_the_picture) == typed


def test_a_page_is_of_the_direction_of_most_of_its_letters() -> None:
    assert is_right_to_left(["שלום עולם", "OCR", "2024"])
    assert not is_right_to_left(["a line of Latin", "שלום"])
    assert not is_right_to_left(["2024", ""])

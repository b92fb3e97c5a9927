"""At what size lines are looked for."""

from __future__ import annotations

import pytest

from textmill.engines.detector import detection_side


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (3508, 2480, 1440),
        (2480, 3508, 1440),
        (3300, 935, 2275),
        (300, 200, 600),
        (20_000, 20, 4000),
        (1, 1, 2),
    ],
)
def test_pages_get_the_area_of_an_a4_page(height: int, width: int, expected: int) -> None:
    assert detection_side(height, width, 1440) == pytest.approx(expected, abs=2)

"""Lines come in the order in which a person reads them."""

from __future__ import annotations

import math

from textmill.reading_order import reading_order, skew

Corner = tuple[float, float]


def box(left: float, top: float, width: float, height: float = 20) -> list[Corner]:
    return [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]


def turned(polygon: list[Corner], degrees: float) -> list[Corner]:
    angle = math.radians(degrees)
    return [
        (x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle))
        for x, y in polygon
    ]


def flat(rows: list[list[int]]) -> list[int]:
    return [index for row in rows for index in row]


def test_nothing() -> None:
    assert reading_order([]) == []


def test_one_column_from_top_to_bottom() -> None:
    page = [box(100, top, 600) for top in (300, 100, 200)]
    assert reading_order(page) == [[1], [2], [0]]


def test_two_columns_under_a_heading() -> None:
    heading = [box(100, 20, 800, 40)]
    left = [box(100, 100 + 30 * row, 380) for row in range(10)]
    right = [box(520, 100 + 30 * row, 380) for row in range(10)]
    shuffled = heading + [one for pair in zip(right, left, strict=True) for one in pair]
    order = flat(reading_order(shuffled))
    assert order == [0, *range(2, 21, 2), *range(1, 21, 2)]


def test_a_heading_in_the_middle_separates_bands() -> None:
    upper = [box(x, 30 * row, 380) for row in range(4) for x in (0, 420)]
    heading = [box(0, 200, 800, 40)]
    lower = [box(x, 300 + 30 * row, 380) for row in range(4) for x in (0, 420)]
    order = flat(reading_order(upper + heading + lower))
    assert order == [0, 2, 4, 6, 1, 3, 5, 7, 8, 9, 11, 13, 15, 10, 12, 14, 16]


def test_three_columns() -> None:
    page = [box(x, 30 * row, 280) for row in range(6) for x in (0, 320, 640)]
    assert flat(reading_order(page)) == [*range(0, 18, 3), *range(1, 18, 3), *range(2, 18, 3)]


def test_a_table_is_read_row_by_row() -> None:
    cells = [box(x, 40 * row, width) for row in range(6) for x, width in ((0, 180), (400, 60), (600, 80))]
    assert reading_order(cells) == [[3 * row, 3 * row + 1, 3 * row + 2] for row in range(6)]


def test_a_tilted_table_keeps_its_rows() -> None:
    title = [box(0, -60, 700)]
    cells = [box(x, 40 * row, width) for row in range(6) for x, width in ((0, 180), (400, 60), (900, 80))]
    tilted = [turned(one, 2.5) for one in title + cells]
    rows = reading_order(tilted)
    assert rows == [[0]] + [[3 * row + 1, 3 * row + 2, 3 * row + 3] for row in range(6)]


def test_skew_is_the_angle_of_the_long_lines() -> None:
    lines = [turned(box(0, 40 * row, 600), -1.5) for row in range(5)]
    assert math.isclose(math.degrees(skew(lines)), -1.5, abs_tol=0.01)


def test_right_to_left_rows_begin_at_the_right() -> None:
    cells = [box(x, 40 * row, width) for row in range(6) for x, width in ((0, 180), (400, 60), (600, 80))]
    assert reading_order(cells, right_to_left=True) == [
        [3 * row + 2, 3 * row + 1, 3 * row] for row in range(6)
    ]


def test_right_to_left_columns_begin_at_the_right() -> None:
    heading = [box(100, 20, 800, 40)]
    columns = [box(x, 100 + 30 * row, 380) for row in range(10) for x in (100, 520)]
    order = flat(reading_order(heading + columns, right_to_left=True))
    assert order == [0, *range(2, 21, 2), *range(1, 21, 2)]


def test_a_tilted_right_to_left_page_keeps_its_rows() -> None:
    title = [box(0, -60, 700)]
    cells = [box(x, 40 * row, width) for row in range(6) for x, width in ((0, 180), (900, 80))]
    rows = reading_order([turned(one, 2.5) for one in title + cells], right_to_left=True)
    assert rows == [[0]] + [[2 * row + 2, 2 * row + 1] for row in range(6)]

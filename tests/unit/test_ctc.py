"""Greedy decoding into characters that know where they stand."""

from __future__ import annotations

import numpy as np
import pytest

from textmill.engines.ctc import mean_probability, read_characters
from textmill.engines.networks import LineSteps, steps_of

CLASSES = ["blank", "a", "b", " "]


EQUAL = (1.0, 1.0, 1.0, 1.0)


def steps(*rows: tuple[float, ...], weights: tuple[float, ...] = EQUAL) -> LineSteps:
    return steps_of(np.array(rows), np.array(weights))


A, B, BLANK = (0.1, 0.9, 0.0, 0.0), (0.2, 0.0, 0.8, 0.0), (0.99, 0.0, 0.0, 0.01)
SPACE = (0.1, 0.0, 0.0, 0.9)


def test_repeats_merge_unless_a_blank_or_a_space_stands_between() -> None:
    characters = read_characters(steps(A, A, BLANK, A, SPACE, A, B), CLASSES)
    assert [(one.text, one.first, one.last) for one in characters] == [
        ("a", 0, 1),
        ("a", 3, 3),
        ("a", 5, 5),
        ("b", 6, 6),
    ]


def test_unlikely_characters_lose_against_look_alikes_but_not_against_nothing() -> None:
    torn, sure = (0.0, 0.6, 0.4, 0.0), (0.01, 0.98, 0.01, 0.0)
    alone = (0.4, 0.6, 0.0, 0.0)
    seen = steps(torn, BLANK, sure, BLANK, alone, weights=(1.0, 0.1, 1.0, 1.0))
    characters = read_characters(seen, CLASSES)
    assert [one.text for one in characters] == ["b", "a", "a"]


def test_the_probability_is_the_recognisers_own() -> None:
    seen = steps((0.0, 0.6, 0.4, 0.0), weights=(1.0, 0.1, 1.0, 1.0))
    (only,) = read_characters(seen, CLASSES)
    assert only.probability == pytest.approx(0.4)


def test_a_line_is_as_sure_as_its_characters_are_on_average() -> None:
    assert mean_probability(read_characters(steps(A, SPACE, B), CLASSES)) == pytest.approx(0.85)


def test_nothing_has_no_characters_and_no_probability() -> None:
    assert read_characters(steps(BLANK, SPACE), CLASSES) == []
    assert mean_probability([]) == 0.0

"""Greedy decoding, and spaces by their own probability."""

from __future__ import annotations

import numpy as np

from textmill.engines.ctc import decode

CHARACTERS = ["blank", "a", "b", " "]


def steps(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows)


A, B, BLANK = (0.1, 0.9, 0.0, 0.0), (0.2, 0.0, 0.8, 0.0), (0.99, 0.0, 0.0, 0.01)
SHY_SPACE = (0.85, 0.0, 0.0, 0.15)


def test_repeats_merge_unless_a_blank_stands_between() -> None:
    assert decode(steps(A, A, BLANK, A, B), CHARACTERS)[0] == "aab"


def test_a_shy_space_is_written() -> None:
    assert decode(steps(A, SHY_SPACE, SHY_SPACE, B), CHARACTERS)[0] == "a b"


def test_confidence_is_the_mean_of_the_characters() -> None:
    text, confidence = decode(steps(A, SHY_SPACE, B), CHARACTERS)
    assert text == "a b"
    assert np.isclose(confidence, 0.85)


def test_nothing_has_no_confidence() -> None:
    assert decode(steps(BLANK, SHY_SPACE), CHARACTERS) == ("", 0.0)

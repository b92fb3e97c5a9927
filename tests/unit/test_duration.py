"""How long a plan takes by the clock, and how that is said."""

from __future__ import annotations

import pytest

from textmill.batching import in_words, makespan, sentence
from textmill.records import PlanEstimate


@pytest.mark.parametrize(
    ("batches", "slots", "expected"),
    [
        ([], 2, 0),
        ([10, 10, 10, 10], 2, 20),
        ([10, 10, 10], 2, 20),
        ([30, 10, 10, 10], 2, 30),
        ([10, 10, 10, 30], 2, 40),  # what is long and starts last is waited for
        ([5], 4, 5),
    ],
)
def test_a_free_slot_takes_the_next_batch(batches: list[float], slots: int, expected: float) -> None:
    assert makespan(batches, slots) == expected


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.9, "1 min"),
        (3570, "1 h"),
        (7800, "2 h 10 min"),
        (86_399, "1 d"),
        (270_000, "3 d 3 h"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_an_estimate_in_a_sentence() -> None:
    estimate = PlanEstimate(
        media=1234,
        pages=5600,
        batches=48,
        seconds=15_000,
        wall_seconds=7800,
        slots=2,
        devices=("cpu", "gpu:0"),
    )
    assert sentence(estimate) == (
        "1,234 media, about 5,600 pages in 48 batches: about 2 h 10 min with 2 slots, "
        "as measured on cpu and gpu:0."
    )


def test_an_estimate_without_a_measurement_says_so() -> None:
    estimate = PlanEstimate(media=1, pages=1, batches=1, seconds=1.5, wall_seconds=3.5, slots=1)
    assert sentence(estimate) == (
        "1 medium, about 1 page in 1 batch: about 4 s with 1 slot, as assumed until something is measured."
    )


def test_nothing_to_read_in_a_sentence() -> None:
    empty = PlanEstimate(media=0, pages=0, batches=0, seconds=0, wall_seconds=0, slots=2)
    assert sentence(empty) == "There is nothing to read."

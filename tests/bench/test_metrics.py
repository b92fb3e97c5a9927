"""Character error rate, word F1, and sums of scores."""

from __future__ import annotations

import pytest

from bench.metrics import Score, by_kind, character_error_rate, normalise, total, word_f1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a\tb\n\nc\fd ", "a b c d"),
        ("\ufb01ne", "fine"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("1\u00a0000", "1 000"),
        ("", ""),
        (" \f\n", ""),
    ],
)
def test_normalising_folds_white_space_and_compatible_letters(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("kitten", "sitting", 3 / 6),
        ("same text", "same\ntext", 0.0),
        ("abcd", "", 1.0),
        ("ab", "abcdef", 2.0),
        ("", "", 0.0),
        ("", "invented", 1.0),
        (" \n", "", 0.0),
    ],
)
def test_character_error_rate(reference: str, hypothesis: str, expected: float) -> None:
    assert character_error_rate(reference, hypothesis) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("one two three", "three one two", 1.0),
        ("a a b", "a b b", 2 * 2 / 6),
        ("Total", "total", 0.0),
        ("one two", "one two three four", 2 * 2 / 6),
        ("word", "", 0.0),
        ("", "word", 0.0),
        ("", "", 1.0),
    ],
)
def test_word_f1(reference: str, hypothesis: str, expected: float) -> None:
    assert word_f1(reference, hypothesis) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("TOTAL 4.50", "Total 4.50", 1.0),
        ("STRASSE", "Straße", 1.0),
        ("TOTAL", "Totem", 0.0),
        ("Total 4.50", "TOTAL 4.50", 0.5),
        ("4.50", "4.50", 1.0),
    ],
)
def test_a_truth_in_capitals_is_compared_without_case(
    reference: str, hypothesis: str, expected: float
) -> None:
    assert word_f1(reference, hypothesis) == pytest.approx(expected)


def test_sums_count_the_media_compared_without_case() -> None:
    scores = [Score.of("TOTAL", "total"), Score.of("Total", "Total"), Score.of("12", "12"), Score.of("", "")]

    assert [score.media_without_case for score in scores] == [1, 0, 0, 0]
    assert total(scores).media_without_case == 1
    assert character_error_rate("TOTAL", "Total") == 0.0


def test_a_sum_weighs_every_character_the_same() -> None:
    long_and_right = Score.of("a" * 99, "a" * 99)
    short_and_wrong = Score.of("b", "c")

    both = long_and_right + short_and_wrong

    assert both.media == 2
    assert both.character_error_rate == pytest.approx(0.01)
    assert both.word_f1 == pytest.approx(0.5)


def test_the_sum_of_nothing_is_the_empty_score() -> None:
    assert total([]) == Score()
    assert Score().character_error_rate == 0.0
    assert Score().word_f1 == 1.0


def test_kinds_are_summed_apart_and_sorted() -> None:
    table, letter = Score.of("1 2", "1 2"), Score.of("Dear", "Deer")

    kinds = by_kind([("table", table), ("letter", letter), ("table", table)])

    assert list(kinds) == ["letter", "table"]
    assert kinds["table"] == table + table
    assert kinds["letter"] == letter

"""The example's words: of every script, without those that are everywhere."""

from __future__ import annotations

import pytest

from textmill.example import keywords
from textmill.example.keywords import Keyword, count_keywords, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The ferry, the FERRY; 12 km on", ["ferry", "ferry"]),
        ("Zürich naïve", ["zürich", "naïve"]),
        ("cafe\u0301s", ["cafés"]),
        ("быстрый поезд", ["быстрый", "поезд"]),
        ("नमस्ते दुनिया", ["नमस्ते"]),
        ("snake_case1234word", ["snake", "case", "word"]),
        ("x" * 65 + " " + "y" * 64, ["y" * 64]),
        ("", []),
    ],
)
def test_words_are_runs_of_four_letters_or_more_in_any_script(text: str, expected: list[str]) -> None:
    assert list(words(text)) == expected


def test_a_word_counts_once_per_text_and_each_time_it_occurs() -> None:
    counted = count_keywords(["ferry ferry harbour", "ferry timetable"])
    assert counted == [Keyword("ferry", 2, 3), Keyword("harbour", 1, 1), Keyword("timetable", 1, 1)]


def test_of_ten_texts_the_words_in_more_than_half_are_left_out() -> None:
    texts = ["from harbour"] * 5 + ["from"] * 4
    assert [one.word for one in count_keywords(texts)] == ["from", "harbour"]
    assert [one.word for one in count_keywords([*texts, "from"])] == ["harbour"]


def test_no_more_words_than_asked_for_and_the_most_widespread_first() -> None:
    texts = ["common rare", "common other other", "common other"]
    assert [one.word for one in count_keywords(texts, most=2)] == ["common", "other"]


def test_no_texts_have_no_words() -> None:
    assert count_keywords([]) == []


def test_memory_stays_bounded_and_widespread_words_keep_their_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keywords, "_MOST_WORDS", 100)
    letters = "abcdefghij"
    noise = (f"word{a}{b}{c} harbour" for a in letters for b in letters for c in letters)
    counted = count_keywords(noise, most=10_000)
    assert len(counted) <= 100
    harbour_is_everywhere = "harbour" not in {one.word for one in counted}
    assert harbour_is_everywhere

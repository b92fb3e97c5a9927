"""Words end where recogniser, distances, picture, characters and lexicon together say so."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from textmill.engines.ctc import Character
from textmill.engines.lexicon import Lexicon
from textmill.engines.spacing import COEFFICIENTS, gap_features, write_text

STEP = 8
"""Pixels of one time step in the pictures of these tests."""


@pytest.fixture(scope="module")
def english() -> Lexicon:
    return Lexicon(("en",))


def line(
    text: str,
    spaces: Mapping[int, float] | None = None,
    *,
    gap: int = 0,
    paper: float = 250.0,
    ink: float = 20.0,
) -> tuple[list[Character], np.ndarray, np.ndarray]:
    """Set a text in boxes of one time step with one step of air behind each.

    Args:
        text: `_` stands for further air of `gap` steps.
        spaces: probability of a space behind the character of this number.
    """
    characters: list[Character] = []
    step = 1
    places = []
    for letter in text:
        if letter == "_":
            step += gap
            continue
        characters.append(Character(letter, 0.99, step, step))
        places.append(step)
        step += 2
    picture = np.full((48, (step + 1) * STEP), paper, np.float32)
    for place in places:
        picture[10:38, place * STEP : (place + 1) * STEP] = ink
    space = np.full(step + 1, 1e-5)
    for number, probability in (spaces or {}).items():
        space[places[number] + 1] = probability
    return characters, space, picture


def test_every_feature_has_a_coefficient() -> None:
    assert gap_features(*line("abc")).shape == (2, len(COEFFICIENTS))


def test_a_probable_space_is_written(english: Lexicon) -> None:
    assert write_text(*line("redcar", {2: 0.9999}), english) == "red car"


def test_a_shy_space_is_written_where_there_is_air(english: Lexicon) -> None:
    assert write_text(*line("red_car", {2: 0.05}, gap=2), english) == "red car"


def test_letters_set_evenly_stay_one_word(english: Lexicon) -> None:
    assert write_text(*line("stationery"), english) == "stationery"


def test_words_in_the_lexicon_tip_the_scales(english: Lexicon) -> None:
    doubt = 0.3
    assert write_text(*line("stationery_shop", {9: doubt}, gap=1), english) == "stationery shop"
    assert write_text(*line("under_standing", {4: doubt}, gap=1), english) == "understanding"


def test_without_any_sign_of_a_space_no_lexicon_divides_a_word(english: Lexicon) -> None:
    assert write_text(*line("stationeryshop"), english) == "stationeryshop"


def test_no_space_is_written_within_a_number(english: Lexicon) -> None:
    assert write_text(*line("12.00", {1: 0.1}), english) == "12.00"


def test_light_text_on_dark_paper_is_spaced_alike(english: Lexicon) -> None:
    dark = gap_features(*line("red_car", {2: 0.05}, gap=2))
    light = gap_features(*line("red_car", {2: 0.05}, gap=2, paper=20.0, ink=250.0))
    assert np.allclose(dark, light)


def test_scripts_without_spaces_get_one_only_where_the_recogniser_is_sure() -> None:
    anything = Lexicon(("zh",))
    assert write_text(*line("茶_室", {0: 0.3}, gap=2), anything) == "茶室"
    assert write_text(*line("茶_室", {0: 0.9}, gap=2), anything) == "茶 室"


def test_nothing_and_single_characters_have_no_gaps(english: Lexicon) -> None:
    assert write_text([], np.zeros(3), np.full((48, 24), 255.0), english) == ""
    assert write_text(*line("A"), english) == "A"


def test_letters_are_expected_by_language() -> None:
    english, german, russian = Lexicon(("en",)), Lexicon(("de",)), Lexicon(("ru",))
    assert all(english.expects(one) for one in "aZ9%€–’")
    assert not any(english.expects(one) for one in "àщ米×：")
    assert all(german.expects(one) for one in "äÖßz")
    assert all(russian.expects(one) for one in "щЯz")
    assert all(Lexicon(("el",)).expects(one) for one in "ςΣώ")


@pytest.mark.parametrize("languages", [("zh",), ("en", "ja"), ("en", "xx")])
def test_no_letter_is_unexpected_in_languages_without_an_alphabet_that_is_known(
    languages: tuple[str, ...],
) -> None:
    assert all(Lexicon(languages).expects(one) for one in "àщ米×")


def test_frequent_words_are_more_probable_than_rare_ones_and_these_than_none(english: Lexicon) -> None:
    the, anvil, none = (english.log_probability(word) for word in ("the", "anvil", "qzxjk"))
    assert the > anvil > none

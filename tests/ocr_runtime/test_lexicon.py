"""Which characters a text in some languages may hold."""

from __future__ import annotations

import pytest

from textmill.engines.lexicon import Lexicon


@pytest.fixture(scope="module")
def english() -> Lexicon:
    return Lexicon(("en",))


@pytest.mark.parametrize("character", "azAZ09 .,;:!?()%&/@#€£§°±×½²™–“”•éüłşñßøÆ→✓□")
def test_an_english_text_may_hold_names_of_its_neighbours_and_signs(english: Lexicon, character: str) -> None:
    assert english.may_hold(character)


@pytest.mark.parametrize("character", "中語のカ한яжαλאبกＡ")
def test_it_holds_no_letters_of_other_scripts(english: Lexicon, character: str) -> None:
    assert not english.may_hold(character)


def test_what_is_expected_may_be_held(english: Lexicon) -> None:
    characters = [chr(code) for code in range(0x20, 0x3000)]
    assert [one for one in characters if english.expects(one) and not english.may_hold(one)] == []


@pytest.mark.parametrize(("language", "character"), [("el", "λ"), ("ru", "ж"), ("uk", "ї"), ("he", "א")])
def test_a_script_is_held_by_the_languages_that_are_written_in_it(language: str, character: str) -> None:
    lexicon = Lexicon((language,))
    assert lexicon.may_hold(character)
    assert lexicon.may_hold("é")
    assert not lexicon.may_hold("中")


@pytest.mark.parametrize("languages", [("zh",), ("en", "ja"), (), ("en", "xx")])
def test_where_any_letter_may_occur_all_are_held(languages: tuple[str, ...]) -> None:
    lexicon = Lexicon(languages)
    assert all(lexicon.may_hold(character) for character in "中жéa")

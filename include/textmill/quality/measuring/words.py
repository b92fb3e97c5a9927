"""Symbol soup and improbable text: how much of a text is no word, and no number either.

What was learnt of a piece of text is kept for the next page: most pieces of most pages were seen before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple

from textmill.word_plausibility import has_words, plausibility

_LEAST_CHARACTERS = 20
_LEAST_LETTERS = 40
"""Letters in words below which nothing is said of improbable text: a name or two may be odd."""
_FRAGMENT = 2
_INK_OF_A_LETTER = 0.002
"""Share of a page that a letter four centimetres high covers."""
_MAY_BE_A_NUMBER = 0.5
_LONGEST_KEPT = 40
_PIECES_KEPT = 65_536
_LAYOUT = re.compile(r"([^\w\s])\1{2,}|_{2,}|[.·…]{2,}")
"""Dots that lead the eye, rules made of dashes, lines to write on."""
_NUMBER = re.compile(r"[+-]?\d[\d.,:/-]*%?", re.ASCII)
"""Numbers, dates and sums are too many to be kept, and told at a glance."""
_LEAST_RUN = 4
"""So many times the same letter in a row are no word; digits repeat in numbers."""
_ATTACHED = 3
"""Most signs before or behind a word that belong to it: `("Well…?")`."""
_ALONE = frozenset("-–—•·*&+=/|:%€$£¥©§°№#<>~→✓√×»«")
"""Signs that stand by themselves in sound text."""


class _Piece(NamedTuple):
    characters: int
    soup: int
    letters: float
    improbable: float


class WordMeasures(NamedTuple):
    """Both measures of a text, 0 to 1; None where there is too little to judge by."""

    symbol_soup: float | None
    improbable_text: float | None


NOTHING_TO_JUDGE = WordMeasures(None, None)


def measure_words(text: str, languages: tuple[str, ...], ink: float = 0.0) -> WordMeasures:
    """Return how much of a text is symbols, and how much letters that form no words.

    Text without any letter or digit is symbols, however short: an engine that lacks the letters of a page
    still finds its commas. And so, by half, are a letter or two that are all that was read on much ink: blots
    look like an O or a 1 to an engine, and a page may hold nothing but a large number.

    Args:
        languages: that were asked for, ISO 639-1; words of others count by how probable their letters are.
        ink: share of the page that is ink.
    """
    characters = soup = 0
    letters = improbable = 0.0
    for piece in text.split():
        if _NUMBER.fullmatch(piece):
            characters += len(piece)
            continue
        look = _kept if len(piece) <= _LONGEST_KEPT else _look_at
        length, no_word, judged, odd = look(piece, languages)
        characters += length
        soup += no_word
        letters += judged
        improbable += odd
    if characters and not any(map(str.isalnum, text)):
        return WordMeasures(1.0, None)
    if characters < _LEAST_CHARACTERS and _are_blots(text, ink):
        return WordMeasures(_MAY_BE_A_NUMBER, None)
    return WordMeasures(
        soup / characters if characters >= _LEAST_CHARACTERS else None,
        improbable / letters if letters >= _LEAST_LETTERS and _have_words(languages) else None,
    )


def _are_blots(text: str, ink: float) -> bool:
    """Tell whether there is nothing but pieces of a letter or two, with more ink than large print has."""
    pieces = text.split()
    longest = max(map(len, pieces), default=0)
    return 0 < longest <= _FRAGMENT and ink > _INK_OF_A_LETTER * sum(map(len, pieces))


@lru_cache(maxsize=64)
def _have_words(languages: tuple[str, ...]) -> bool:
    """Tell whether words of all languages are known: those of others (Welsh, Kazakh) can look like none."""
    return all(map(has_words, languages))


def _look_at(piece: str, languages: tuple[str, ...]) -> _Piece:
    bare = _LAYOUT.sub("", piece)
    judged = plausibility([bare], languages, every_script=True)
    return _Piece(len(bare), _soup(bare), judged.letters, judged.letters - judged.plausible)


_kept = lru_cache(maxsize=_PIECES_KEPT)(_look_at)


def _soup(piece: str) -> int:
    """Count the characters that are part of no word and no number."""
    if piece.isalnum():
        return _in_runs(piece)
    at = [number for number, one in enumerate(piece) if _is_written(one)]
    if not at:
        return 0 if len(piece) == 1 and piece in _ALONE else len(piece)
    before, behind = at[0], len(piece) - 1 - at[-1]
    inside = sum(max(0, later - earlier - 2) for earlier, later in pairwise(at))
    attached = max(0, before - _ATTACHED) + max(0, behind - _ATTACHED)
    return inside + attached + _in_runs(piece)


def _is_written(character: str) -> bool:
    """Tell whether a character is a letter, a digit, or a mark upon one."""
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _in_runs(piece: str) -> int:
    if len(piece) < _LEAST_RUN:
        return 0
    return sum(length for length in _letter_runs(piece.lower()) if length >= _LEAST_RUN)


def _letter_runs(piece: str) -> Iterable[int]:
    for letter, run in groupby(piece):
        if letter.isalpha():
            yield sum(1 for _ in run)

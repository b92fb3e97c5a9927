"""Wrong script: letters of none of the scripts in which the languages asked for are written."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache

from textmill.languages import scripts_of

LATIN = "LATIN"
_LEAST_LETTERS = 20
_NO_SCRIPTS = frozenset(
    {"MODIFIER", "MICRO", "FEMININE", "MASCULINE", "DOUBLE-STRUCK", "SCRIPT", "MATHEMATICAL"}
)
"""How the names of letters begin that belong to no one script."""
_WIDE = {"FULLWIDTH": LATIN, "HALFWIDTH": "KATAKANA"}


def wrong_script(text: str, languages: tuple[str, ...]) -> float | None:
    """Return the share of letters in scripts of none of the languages, 0 to 1; None for few letters.

    Latin names, units and addresses stand in texts of every script: where Latin letters were not expected,
    those count that outnumber the letters of the scripts that were. None, too, when a language is not known.
    """
    expected = _scripts(languages)
    if expected is None:
        return None
    if text.isascii() and LATIN in expected:
        return 0.0 if sum(map(str.isalpha, text)) >= _LEAST_LETTERS else None
    found = letters_by_script(text)
    letters = found.total()
    if letters < _LEAST_LETTERS:
        return None
    right = sum(count for script, count in found.items() if script in expected)
    wrong = letters - right
    if LATIN not in expected:
        wrong -= min(right, found[LATIN])
    return wrong / letters


def letters_by_script(text: str) -> Counter[str]:
    """Count letters by their script, as in the first word of a letter's name in Unicode."""
    found: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if script := _script(character):
            found[script] += count
    return found


@lru_cache(maxsize=8192)
def _script(character: str) -> str:
    if not character.isalpha():
        return ""
    first = unicodedata.name(character, "").partition(" ")[0]
    return "" if first in _NO_SCRIPTS else _WIDE.get(first, first)


@lru_cache(maxsize=64)
def _scripts(languages: tuple[str, ...]) -> frozenset[str] | None:
    known = [scripts_of(code) for code in languages]
    if not known or any(scripts is None for scripts in known):
        return None
    return frozenset(script for scripts in known if scripts for script in scripts)

"""Which words and letters the languages of a run use, and how often.

The frequencies are those of `wordfreq` (Speer, "wordfreq", 2022: counts over Wikipedia, subtitles, news,
books, the web), which carries them in its wheel. Languages that it does not know add nothing and restrict
nothing.
"""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

import wordfreq

_WORDFREQ_CODES = {"no": "nb", "nn": "nb", "hr": "sh", "bs": "sh", "sr": "sh"}
"""ISO 639-1 to the codes under which wordfreq keeps a language, where they differ."""
_UNSPACED_LANGUAGES = frozenset({"zh", "ja", "ko", "th"})
"""Written with thousands of characters, or without spaces: their words say nothing about letters or gaps."""
_RARE_LETTER = 1e-4
"""A letter is of the language if the words that hold it have this frequency or more together."""
_UNKNOWN_WORD = -2.0
_UNKNOWN_LETTER = -1.0
"""Decimal logarithm of the probability of a word that is in no list: a word, and each letter of it."""

_LOST_LETTERS = {"de": "ßẞ", "tr": "İ", "el": "ς"}
"""Letters that folding case turns into others, so that no word list has them."""
_MARKS = "–—‘’‚“”„…•·°€£¥¢§©®™«»½¼¾¿¡ªº²³µ"
"""Marks beyond ASCII that texts in any alphabet use."""


class Lexicon:
    """Words and letters of some languages.

    Attributes:
        letters: the letters and marks of the languages beside ASCII; None where any may occur.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        codes = [_WORDFREQ_CODES.get(language, language) for language in languages]
        known = wordfreq.available_languages("best")
        alphabetic = [code for code in codes if code in known and code not in _UNSPACED_LANGUAGES]
        self._frequencies: dict[str, float] = {}
        for code in alphabetic:
            for word, frequency in wordfreq.get_frequency_dict(code, wordlist="best").items():
                self._frequencies[word] = max(frequency, self._frequencies.get(word, 0.0))
        extra = "".join(_LOST_LETTERS.get(code, "") for code in codes)
        letters = _letters(self._frequencies.items()) | set(extra)
        self.letters = letters if codes and len(alphabetic) == len(codes) else None
        self._scripts = {"LATIN", *(_script(letter) for letter in letters if letter.isalpha())}

    def log_probability(self, word: str) -> float:
        """Return the decimal logarithm of how often a word occurs; words in no list get a guess by length.

        Args:
            word: letters only, casefolded.
        """
        unknown = _UNKNOWN_WORD + _UNKNOWN_LETTER * len(word)
        frequency = self._frequencies.get(word)
        return max(math.log10(frequency), unknown) if frequency else unknown

    def expects(self, character: str) -> bool:
        """Tell whether a character may well occur in a text in these languages."""
        if self.letters is None or character.isascii() or character in self.letters:
            return True
        # Forms of a letter that no word list keeps: capitals, the Greek final sigma; but no ligatures.
        is_plain = unicodedata.normalize("NFKC", character) == character
        return is_plain and character.casefold() in self.letters

    def may_hold(self, character: str) -> bool:
        """Tell whether a text in these languages may hold a character, however seldom.

        That is what no script owns (digits, punctuation, signs), and any letter of the scripts in which the
        languages are written: a French name stands in an English text, a Chinese one hardly ever.
        """
        if self.expects(character):
            return True
        if len(character) != 1 or unicodedata.east_asian_width(character) in "WF":
            return False
        return not character.isalpha() or _script(character) in self._scripts


def _script(letter: str) -> str:
    """Return the script of a letter: the first word of its name in the Unicode character database."""
    return unicodedata.name(letter, "").partition(" ")[0]


def _letters(frequencies: Iterable[tuple[str, float]]) -> frozenset[str]:
    share: dict[str, float] = defaultdict(float)
    for word, frequency in frequencies:
        for letter in set(word):
            share[letter] += frequency
    frequent = {letter for letter, frequency in share.items() if frequency >= _RARE_LETTER}
    return frozenset(frequent | set(_MARKS))

"""How much of a text consists of words, in whatever language, or of letters in the order of words.

A font without a table of meanings, or with a wrong one, gives letters that make no words: every `e` has
become an `h`. Latin words are looked up in wordfreq's lists (Speer, "wordfreq", 2022) of the languages that
were asked for. Others, of languages that were not expected or have no list, are judged by their three-letter
sequences: words of any language share most of these with other languages, and disguised ones do not. (Over the
first article of the Universal Declaration in eleven languages that the sequences do not come from, 0.45 to 1;
over substitution ciphers of it 0.25 in the median, 0.56 at most.) Chinese, Japanese and Korean are judged by
their characters; other scripts are taken at their word, as fonts in disguise come out as Latin letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice

RULES = 1
"""Goes up whenever the same text could be judged differently."""

_LATIN = "LATIN"
_SEQUENCE_LANGUAGES = (
    *("en", "de", "fr", "es", "pt", "it", "nl", "pl"),
    *("cs", "hu", "fi", "tr", "sv", "id", "vi", "ro"),
)
"""Languages in Latin letters, as different as can be, whose words tell what sequences words are made of."""
_EASTERN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
_EASTERN_LANGUAGES = ("ja", "ko", "zh")
_OTHER_CODES = {"no": "nb", "nn": "nb", "hr": "sh", "sr": "sh", "bs": "sh", "tl": "fil"}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_MIN_LETTERS = 2
_ACRONYM = 4
_COMMON_WORDS = 5000
"""Words of each language from which its three-letter sequences are taken."""
_SEEN = 20
"""Words in which a sequence must occur to count as common."""


def plausible_share(words: Sequence[str], languages: tuple[str, ...]) -> float | None:
    """Return the share of words, weighted by length, that are words or could be; None with nothing to judge.

    Args:
        words: as they stand in the text; numbers, codes with digits and single letters are passed over.
        languages: ISO 639-1 codes, the most likely first.
    """
    judged = known = 0.0
    for word in _candidates(words):
        script = _script(word)
        if script == _LATIN:
            judged += len(word)
            known += len(word) * _plausibility(word.lower().replace("’", "'"), languages)
        elif script in _EASTERN:
            judged += len(word)
            known += sum(letter in _characters() for letter in word)
    return known / judged if judged else None


def _candidates(words: Iterable[str]) -> Iterable[str]:
    for word in words:
        if not any(letter.isdigit() for letter in word):
            yield from (part for part in _WORD.findall(word) if not _is_code(part))


def _is_code(word: str) -> bool:
    """Tell whether letters stand for something without being a word: initials, units, acronyms."""
    return len(word) < _MIN_LETTERS or (word.isupper() and len(word) <= _ACRONYM)


def _plausibility(word: str, languages: tuple[str, ...]) -> float:
    """Return 1 for a word, else the share of its three-letter sequences that are common."""
    if _is_word(word, languages):
        return 1.0
    sequences = _sequences(word)
    return sum(one in _common_sequences() for one in sequences) / len(sequences)


def _is_word(word: str, languages: tuple[str, ...]) -> bool:
    return any(word in _words(_OTHER_CODES.get(code, code)) for code in languages)


def _sequences(word: str) -> list[str]:
    """Return the three-letter sequences of a word, its ends included, without accents."""
    letters = "".join(one for one in unicodedata.normalize("NFD", word) if not unicodedata.combining(one))
    padded = f" {letters} "
    return [padded[at : at + 3] for at in range(len(padded) - 2)]


@lru_cache(maxsize=4096)
def _script(word: str) -> str:
    """Return the script of a word's first letter, as in `LATIN SMALL LETTER A`."""
    return unicodedata.name(word[0], "").partition(" ")[0]


@cache
def _words(language: str) -> Mapping[str, float]:
    """Return the words of a language; none when there is no list of them."""
    from wordfreq import available_languages, get_frequency_dict

    if language not in available_languages("small"):
        return {}
    words: Mapping[str, float] = get_frequency_dict(language, wordlist="small")
    return words


@cache
def _common_sequences() -> frozenset[str]:
    from wordfreq import iter_wordlist

    seen: Counter[str] = Counter()
    for language in _SEQUENCE_LANGUAGES:
        for word in islice(iter_wordlist(language, wordlist="small"), _COMMON_WORDS):
            seen.update(set(_sequences(word)))
    return frozenset(one for one, times in seen.items() if times >= _SEEN)


@cache
def _characters() -> frozenset[str]:
    return frozenset(letter for code in _EASTERN_LANGUAGES for word in _words(code) for letter in word)

"""Text with the statistics of a language: words by Zipf's law, in lines.

The most frequent words are those of English, so that stop words are where they belong; words that say what a
page is about are spread over lower ranks, so that a search finds something; the rest is made of syllables.
Zipf's law with Mandelbrot's shift: the r-th word comes up with a probability in proportion to
1 / (r + 2.7) ** 1.07 (B. Mandelbrot, An informational theory of the statistical structure of language, 1953).
"""

from __future__ import annotations

import random
from itertools import accumulate

_FREQUENT = (
    "the of and to a in is that for it was on are as with his they at be this from have or by one had "
    "not but what all were when we there can an your which their said if do will each about how up out "
    "them then she many some so these would other into has more her two like him see time could no make "
    "than first been its who now people my made over did down only way find use may water long little "
    "very after words called just where most know"
)
_SUBJECTS = (
    "date total number address page invoice account order payment amount paid street city company "
    "customer tax price item receipt balance due delivery contract letter report court office bank "
    "insurance policy meeting minutes building plan road bridge footbridge railway harbour ferry tide "
    "salt marsh museum garden market council permit survey drawing engineer surveyor signature witness "
    "schedule clause tenant landlord lease mortgage passport certificate licence grocer pharmacy "
    "hospital school university library archive"
)
_FIRST_SUBJECT, _BETWEEN_SUBJECTS = 300, 40
"""Ranks: a word that says what a page is about is on one page in a hundred, not on every tenth."""
_ONSETS = "b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p pl pr qu r s sc sh sl sp st str t th tr v w"
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "io", "ou"]
_CODAS = ["", "", "", "n", "r", "s", "t", "l", "m", "nd", "nt", "rd", "ck", "st"]
_VOCABULARY = 60_000
_LINE_WORDS = 11


class TextMaker:
    """Makes pages of text; the same seed makes the same text."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._onsets = _ONSETS.split()
        self._words = self._vocabulary()
        self._weights = list(accumulate(1 / (rank + 2.7) ** 1.07 for rank in range(len(self._words))))

    def page(self) -> str:
        """Return the text of a page: 5 to 15 lines, some 700 bytes on average."""
        count = self._chance.randint(5 * _LINE_WORDS, 15 * _LINE_WORDS)
        words = self._chance.choices(self._words, cum_weights=self._weights, k=count)
        lines = (" ".join(words[start : start + _LINE_WORDS]) for start in range(0, count, _LINE_WORDS))
        return "\n".join(lines)

    def _vocabulary(self) -> list[str]:
        words = dict.fromkeys(_FREQUENT.split())
        subjects = _SUBJECTS.split()
        while len(words) < _VOCABULARY:
            behind = len(words) - _FIRST_SUBJECT
            is_due = subjects and behind >= 0 and behind % _BETWEEN_SUBJECTS == 0
            words[subjects.pop(0) if is_due else self._made_up()] = None
        return list(words)

    def _made_up(self) -> str:
        pick = self._chance.choice
        syllables = (pick(self._onsets) + pick(_VOWELS) for _ in range(pick((1, 2, 2, 2, 3, 3))))
        return "".join(syllables) + pick(_CODAS)

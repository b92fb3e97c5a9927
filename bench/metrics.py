"""How far a reading is from the truth: character error rate and word F1, as counts that add up.

Both texts are normalised first, so that line breaks and compatible code points cost nothing. A truth without
any lower-case letter says nothing about case (some sets of transcriptions are written in capitals
throughout): both texts are then case-folded too.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True)
class Score:
    """What was counted while comparing readings with the truth.

    Scores add up, and the rates of a sum are micro-averages: every character and every word weighs the
    same, whichever medium it comes from (Manning, Raghavan and Schütze, Introduction to Information
    Retrieval, 2008, section 13.6).

    Attributes:
        media_without_case: media that were compared without case, since their truth has no lower-case letter.
    """

    media: int = 0
    edits: int = 0
    characters: int = 0
    matched_words: int = 0
    reference_words: int = 0
    hypothesis_words: int = 0
    media_without_case: int = 0

    @classmethod
    def of(cls, reference: str, hypothesis: str) -> Score:
        """Compare what was read in one medium with its ground truth; without case if that shows none."""
        truth, reading = normalise(reference), normalise(hypothesis)
        caseless = has_no_case(truth)
        if caseless:
            truth, reading = normalise(truth.casefold()), normalise(reading.casefold())
        expected, found = Counter(truth.split()), Counter(reading.split())
        return cls(
            media=1,
            edits=Levenshtein.distance(truth, reading),
            characters=len(truth),
            matched_words=(expected & found).total(),
            reference_words=expected.total(),
            hypothesis_words=found.total(),
            media_without_case=int(caseless),
        )

    def __add__(self, other: Score) -> Score:
        """The counts of both."""
        return Score(
            self.media + other.media,
            self.edits + other.edits,
            self.characters + other.characters,
            self.matched_words + other.matched_words,
            self.reference_words + other.reference_words,
            self.hypothesis_words + other.hypothesis_words,
            self.media_without_case + other.media_without_case,
        )

    @property
    def character_error_rate(self) -> float:
        """Edits per character of the truth; more than 1 when much was invented.

        Without any truth it is 0 when nothing was read, and 1 when something was: a finite number, so
        that tables and JSON can hold it.
        """
        if self.characters:
            return self.edits / self.characters
        return 1.0 if self.edits else 0.0

    @property
    def word_f1(self) -> float:
        """Harmonic mean of word precision and recall, 0 to 1; 1 when neither text has words."""
        words = self.reference_words + self.hypothesis_words
        return 2 * self.matched_words / words if words else 1.0


def normalise(text: str) -> str:
    """Unicode NFKC (Unicode Standard Annex 15), white space folded to single spaces, ends stripped.

    Line and page breaks are white space too.
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


def has_no_case(reference: str) -> bool:
    """Tell whether a truth is written in capitals throughout: letters with a case, none of them lower.

    A text without such letters (digits only, Chinese) is compared as it is.
    """
    return reference.isupper()


def character_error_rate(reference: str, hypothesis: str) -> float:
    """Levenshtein distance of the normalised texts divided by the reference's length.

    The distance counts insertions, deletions and substitutions of code points (Levenshtein, Soviet
    Physics Doklady 10(8), 1966); the rate is the one of Rice, Jenkins and Nartker's annual tests of OCR
    accuracy (ISRI, 1992-1996). Empty references: see Score.character_error_rate.
    """
    return Score.of(reference, hypothesis).character_error_rate


def word_f1(reference: str, hypothesis: str) -> float:
    """F1 of the bags of words, whatever their order.

    A word is a run of characters between white space after normalising; punctuation counts, and so does
    case unless the truth shows none (see has_no_case). A word that occurs n times in one text and m times
    in the other matches min(n, m) times. F1 is van Rijsbergen's F measure with equal weights (Information
    Retrieval, 1979, chapter 7). Reading order does not matter, so it separates misread words from
    misplaced columns.
    """
    return Score.of(reference, hypothesis).word_f1


def total(scores: Iterable[Score]) -> Score:
    """The sum of scores; of none, the empty score."""
    return sum(scores, start=Score())


def by_kind(scores: Iterable[tuple[str, Score]]) -> Mapping[str, Score]:
    """Sum (kind, score) pairs for each kind, in alphabetical order of the kinds."""
    sums: dict[str, Score] = {}
    for kind, score in scores:
        sums[kind] = sums.get(kind, Score()) + score
    return dict(sorted(sums.items()))

"""Which labels count, and what the gate's judgement of them amounts to, per check and per flaw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.spoiled_pages.judging import Judged
from bench.spoiled_pages.specimens import LabelledPage
from textmill.quality.checks import Check
from textmill.records import Outcome

UNREADABLE = frozenset({"noise", "blurred", "shaken", "upside down", "wrong language"})
"""What makes a page unreadable, if it is strong enough."""
_STILL_READ = 0.6
"""Word F1 above which an unreadable page was read after all, and below which a good page was not."""
_NOTHING_LOST = 0.99
"""Word F1 from which on only paper was cut off."""
_NO_TRUTH_FOR = frozenset({"wrong language"})
"""Text can be right and in a script that nobody asked for."""

FLAWS_OF = {
    Check.DUPLICATE_PAGE: frozenset({"duplicate key"}),
    Check.MISSING_PAGES: frozenset({"missing page"}),
    Check.OUT_OF_RANGE: frozenset({"out of range"}),
    Check.NO_TEXT: frozenset({"ink without text", "halftone", "noise", "blurred", "shaken"}),
    Check.MOJIBAKE: frozenset({"mojibake"}),
    Check.REPEATED_TEXT: frozenset({"repeated text"}),
    Check.TURNED_PAGE: frozenset({"upside down", "sideways"}),
    Check.WRONG_SCRIPT: frozenset({"wrong language"}),
    Check.SYMBOL_SOUP: frozenset({"wrong language", "halftone", "noise"}),
    Check.IMPROBABLE_TEXT: frozenset({"disguised font", "wrong language"}),
    Check.TEXT_OFF_PAGE: frozenset({"text off page"}),
    Check.TEXT_CUT_OFF: frozenset({"cut"}),
    Check.LOW_CONFIDENCE: frozenset({"upside down", "blurred", "shaken", "noise", "wrong language"}),
}
"""What each check is there to find."""


def counts(label: LabelledPage) -> bool:
    """Tell whether a page is what its label says; pages between good and spoiled are left out."""
    if label.word_f1 is None or label.flaw in _NO_TRUTH_FOR:
        return True
    if label.flaw in UNREADABLE:
        return label.word_f1 <= _STILL_READ
    if label.flaw == "cut":
        return label.word_f1 < _NOTHING_LOST
    return bool(label.flaw) or label.word_f1 >= _STILL_READ


@dataclass(frozen=True)
class Score:
    """How often something was found, in numbers of pages.

    Attributes:
        flawed: pages with the flaw; `found`, `found_by_any`: those that this check, or any, found.
        fired: pages on which the check fired; `fired_rightly`: those of them that are spoiled in any way.
        good: good pages; `alarms`: those on which it fired, and `lost`, those that it quarantined.
    """

    flawed: int
    found: int
    found_by_any: int
    fired: int
    fired_rightly: int
    good: int
    alarms: int
    lost: int

    @property
    def recall(self) -> float | None:
        """Share of the flawed pages that were found; None without any."""
        return self.found / self.flawed if self.flawed else None

    @property
    def precision(self) -> float | None:
        """Share of the pages on which it fired that are spoiled; None if it never did."""
        return self.fired_rightly / self.fired if self.fired else None


def of_check(check: Check, judged: Sequence[Judged]) -> Score:
    """Return how a check fared."""
    flawed = [one for one in judged if one.label.flaw in FLAWS_OF[check]]
    fired = [one for one in judged if check in one.failed]
    good = [one for one in judged if not one.label.flaw]
    return Score(
        flawed=len(flawed),
        found=sum(check in one.failed for one in flawed),
        found_by_any=found(flawed),
        fired=len(fired),
        fired_rightly=sum(bool(one.label.flaw) for one in fired),
        good=len(good),
        alarms=sum(check in one.failed for one in good),
        lost=sum(check in one.critical for one in good),
    )


def of_gate(judged: Sequence[Judged]) -> Score:
    """Return how all checks together fared."""
    spoiled = [one for one in judged if one.label.flaw]
    good = [one for one in judged if not one.label.flaw]
    fired = [one for one in judged if one.failed]
    return Score(
        flawed=len(spoiled),
        found=found(spoiled),
        found_by_any=found(spoiled),
        fired=len(fired),
        fired_rightly=sum(bool(one.label.flaw) for one in fired),
        good=len(good),
        alarms=found(good),
        lost=quarantined(good),
    )


def found(judged: Iterable[Judged]) -> int:
    """Count the pages that are flagged or quarantined."""
    return sum(bool(one.failed) for one in judged)


def quarantined(judged: Iterable[Judged]) -> int:
    """Count the pages that are quarantined."""
    return sum(one.outcome is Outcome.QUARANTINED for one in judged)

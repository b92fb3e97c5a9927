"""Good and spoiled pages as they were read, held against the thresholds as they are set by default.

The pages are those of `make bench-gate` that were drawn or written for it; how they are made and what is not
found is in docs/quality-accuracy.md.
"""

from __future__ import annotations

from functools import cache

import pytest

from bench.spoiled_pages.judging import Judged, judge
from bench.spoiled_pages.kept import FIXTURE, read
from bench.spoiled_pages.scores import FLAWS_OF, of_check, of_gate
from textmill.quality.checks import Check
from textmill.records import Outcome
from textmill.settings import Settings


@cache
def judged() -> tuple[Judged, ...]:
    return tuple(judge(list(read(FIXTURE)), Settings()))


def test_there_are_enough_pages_of_both_kinds_in_both_halves() -> None:
    for half in ("tuned", "held out"):
        flawed = [bool(one.label.flaw) for one in judged() if one.label.half == half]
        assert min(sum(flawed), len(flawed) - sum(flawed)) >= 75


@pytest.mark.parametrize("half", ["tuned", "held out"])
def test_spoiled_pages_are_found_and_good_pages_left_alone(half: str) -> None:
    score = of_gate([one for one in judged() if one.label.half == half])
    assert (score.recall or 0) >= 0.95
    assert score.alarms / score.good <= 0.02
    assert score.lost == 0


@pytest.mark.parametrize("check", list(Check))
def test_each_check_finds_something_of_what_it_is_for_and_is_right_when_it_fires(check: Check) -> None:
    score = of_check(check, judged())
    assert score.found > 0
    assert (score.precision or 0) >= 0.95


@pytest.mark.parametrize(
    "flaw", sorted({flaw for flaws in FLAWS_OF.values() for flaw in flaws} - {"blurred"})
)
def test_hardly_a_page_of_any_flaw_passes(flaw: str) -> None:
    pages = [one for one in judged() if one.label.flaw == flaw]
    assert sum(one.outcome is not Outcome.ACCEPTED for one in pages) >= 0.9 * len(pages)


def test_pages_out_of_focus_are_mostly_found() -> None:
    """Where the blur leaves no ink, the page is taken for blank."""
    pages = [one for one in judged() if one.label.flaw == "blurred"]
    missed = [one for one in pages if one.outcome is Outcome.ACCEPTED]
    assert len(missed) <= len(pages) / 3
    assert all(one.measures.ink <= Settings().quality_blank_ink for one in missed)

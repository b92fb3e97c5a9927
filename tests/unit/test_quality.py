"""The quality gate finds what is wrong with a page, by name, and says so in words."""

from __future__ import annotations

import dataclasses
import itertools
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from textmill.quality.batch_policy import problem_of
from textmill.quality.checks import MEASURED, Check
from textmill.quality.page_measures import PageMeasures
from textmill.quality.suites import expectations
from textmill.quality.tally import results_of
from textmill.quality.verdicts import verdicts
from textmill.records import ExpectationResult, Outcome, PageVerdict
from textmill.settings import Settings

GOOD = PageMeasures(
    sha256="a" * 64,
    page_no=1,
    name="letter.png, page 1",
    ink=0.05,
    width=100,
    height=200,
    confidence=0.98,
    pages_settled=1,
    page_count=1,
    text_length=300,
    **{str(check): 0.0 for check in MEASURED},
)
SETTINGS = Settings()


def page(**wrong: Any) -> PageMeasures:
    return dataclasses.replace(GOOD, **wrong)


def judged(
    *pages: PageMeasures, settings: Settings = SETTINGS
) -> tuple[list[PageVerdict], list[ExpectationResult]]:
    from textmill.quality.gate import judge

    failures = judge(pages, settings, run_id="manual__2026-11-24T12:00:00+00:00", batch_no=3).failures
    return list(verdicts(pages, failures, settings)), results_of(pages, failures)


# --- the suite ----------------------------------------------------------------------------------------------


def test_every_check_has_an_expectation() -> None:
    assert {one.check for one in expectations()} == set(Check)


def test_every_check_that_measures_has_a_limit_for_a_warning_and_one_for_quarantine() -> None:
    found = {(one.check, one.severity, one.setting) for one in expectations() if one.check in MEASURED}
    assert found == {
        (check, severity, f"quality_{check}_{what}")
        for check in MEASURED
        for severity, what in (("warning", "warning"), ("critical", "quarantine"))
    }


def test_every_parameter_of_the_suite_is_a_setting_and_every_column_a_measure() -> None:
    assert {one.setting for one in expectations() if one.setting} <= set(Settings.model_fields)
    measures = {field.name for field in dataclasses.fields(PageMeasures)}
    assert {column for one in expectations() for column in one.columns} <= measures


def test_no_two_expectations_are_mistaken_for_each_other() -> None:
    assert max(Counter(one.key for one in expectations()).values()) == 1


def test_looking_at_the_suite_and_at_places_of_reports_imports_nothing_heavy(repository: Path) -> None:
    program = (
        "import sys, textmill.quality.suites, textmill.quality.data_docs_site, textmill.stages.validate\n"
        "print([name for name in ('great_expectations', 'pandas', 'scipy') if name in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(repository / "include")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"


# --- verdicts -----------------------------------------------------------------------------------------------


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "sure beyond doubt": ({"confidence": 1.5}, "out_of_range", "confidence is 1.5"),
    "no width": ({"width": 0}, "out_of_range", "width is 0"),
    "no height": ({"height": -1}, "out_of_range", "height is -1"),
    "no number": ({"page_no": 0}, "out_of_range", "page_no is 0"),
    "more ink than page": ({"ink": 1.2}, "out_of_range", "ink is 1.2"),
    "too long": (
        {"text_length": 1_000_001},
        "out_of_range",
        "text_length is 1,000,001 (limit 1,000,000, TEXTMILL_QUALITY_LONGEST_TEXT)",
    ),
    "no text": (
        {"text_length": 0},
        "no_text",
        "no text was found: 5 % of ink (limit 0.2 %, TEXTMILL_QUALITY_BLANK_INK)",
    ),
    "pages missing": ({"page_count": 3}, "missing_pages", "more pages than were read: 1 of 3"),
}
FINE: dict[str, dict[str, Any]] = {
    "a good page": {},
    "a blank page": {"text_length": 0, "confidence": None, "ink": 0.0001},
    "a document of unknown length": {"page_count": None},
    "nothing measured": dict.fromkeys(MEASURED),
}


@pytest.fixture(scope="module")
def verdicts_by_name() -> dict[str, PageVerdict]:
    """The verdicts on one batch that has a page of each kind."""
    kinds = FINE | {name: wrong for name, (wrong, _, _) in WRONG.items()}
    pages = [page(**({"sha256": f"{number:064x}"} | wrong)) for number, wrong in enumerate(kinds.values())]
    return dict(zip(kinds, judged(*pages)[0], strict=True))


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_named_in_words(kind: str, verdicts_by_name: dict[str, PageVerdict]) -> None:
    found, (_, check, words) = verdicts_by_name[kind], WRONG[kind]
    assert (found.outcome, found.checks) == (Outcome.QUARANTINED, (check,))
    assert words in found.message


@pytest.mark.parametrize("kind", FINE)
def test_what_is_fine_is_accepted(kind: str, verdicts_by_name: dict[str, PageVerdict]) -> None:
    found = verdicts_by_name[kind]
    assert (found.outcome, found.checks, found.message) == (Outcome.ACCEPTED, (), "")


def test_a_measure_flags_a_page_above_one_limit_and_quarantines_it_above_another() -> None:
    limits = {f"quality_{check}_warning": 0.25 for check in MEASURED}
    limits |= {f"quality_{check}_quarantine": 0.5 for check in MEASURED}
    figures = (0.25, 0.5, 0.75, None)
    pages = [
        page(page_no=number, **{check: figure})
        for number, (check, figure) in enumerate(itertools.product(MEASURED, figures), start=1)
    ]
    found, _ = judged(*pages, settings=SETTINGS.model_copy(update=limits))
    for check, (at, above, far_above, unmeasured) in zip(MEASURED, batched(found, 4), strict=True):
        assert at.outcome is unmeasured.outcome is Outcome.ACCEPTED
        assert (above.outcome, above.checks) == (Outcome.WARNING, (check,))
        assert f": 50 % (limit 25 %, TEXTMILL_QUALITY_{check.upper()}_WARNING)" in above.message
        assert (far_above.outcome, far_above.checks) == (Outcome.QUARANTINED, (check,))
        assert f": 75 % (limit 50 %, TEXTMILL_QUALITY_{check.upper()}_QUARANTINE)" in far_above.message


def batched(found: list[PageVerdict], count: int) -> list[list[PageVerdict]]:
    return [found[start : start + count] for start in range(0, len(found), count)]


def test_a_limit_of_one_switches_a_check_off() -> None:
    off = {f"quality_turned_page_{what}": 1.0 for what in ("warning", "quarantine")}
    (found,), _ = judged(page(turned_page=1.0), settings=SETTINGS.model_copy(update=off))
    assert found.outcome is Outcome.ACCEPTED


def test_the_same_page_twice() -> None:
    found, _ = judged(GOOD, page(page_no=2), GOOD)
    assert [one.checks for one in found] == [("duplicate_page",), (), ("duplicate_page",)]


def test_what_quarantines_comes_before_what_only_flags_and_the_serious_before_the_rest() -> None:
    (found,), _ = judged(page(low_confidence=0.7, mojibake=0.05, symbol_soup=1.0, improbable_text=1.0))
    assert found.outcome is Outcome.QUARANTINED
    assert found.checks == ("symbol_soup", "improbable_text", "mojibake", "low_confidence")
    assert found.message.count("; ") == 3


def test_a_batch_in_which_nothing_could_be_measured_is_judged_all_the_same() -> None:
    unmeasured: dict[str, Any] = dict.fromkeys(MEASURED)
    found, results = judged(page(**unmeasured, confidence=None, page_count=None))
    assert found[0].outcome is Outcome.ACCEPTED
    assert {result.element_count for result in results if result.check in MEASURED} == {0}


def test_the_books_have_one_result_for_each_check_and_severity() -> None:
    _, results = judged(page(width=0, height=0), page(page_no=2, mojibake=0.05))
    told = {(result.check, result.severity): result for result in results}
    assert told["out_of_range", "critical"].unexpected_count == 1
    assert told["out_of_range", "critical"].column == "confidence, ink, width, height, page_no, text_length"
    assert told["mojibake", "warning"].observed == "1 of 2 pages"
    assert told["mojibake", "critical"].success


# --- batches ------------------------------------------------------------------------------------------------


def batch_of(good: int, bad: int) -> list[PageVerdict]:
    fine = PageVerdict(sha256="a" * 64, page_no=1, outcome=Outcome.WARNING, checks=("mojibake",))
    refused = PageVerdict(sha256="a" * 64, page_no=1, outcome=Outcome.QUARANTINED, checks=("turned_page",))
    return [fine] * good + [refused] * bad


def test_a_batch_fails_above_its_share_of_quarantined_pages() -> None:
    assert problem_of(batch_of(10, 10), SETTINGS) is None
    problem = problem_of(batch_of(10, 11), SETTINGS)
    assert problem == (
        "the quality gate quarantined 11 of its 21 pages (52.4 %; limit 50 %, TEXTMILL_QUALITY_BATCH_SHARE), "
        "most of them because the page was read sideways or upside down (turned_page); its good pages are "
        "loaded"
    )
    held = problem_of(batch_of(10, 11), SETTINGS.model_copy(update={"quality_batch_good_pages": "hold"}))
    assert held and "until its task validate is cleared with other settings" in held


def test_a_small_batch_does_not_fail() -> None:
    assert problem_of(batch_of(0, 19), SETTINGS) is None
    assert problem_of([], SETTINGS) is None

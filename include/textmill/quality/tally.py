"""How each check of the suite fared over a batch, for the books."""

from __future__ import annotations

from collections.abc import Sequence

from textmill.quality.page_measures import PageMeasures
from textmill.quality.suites import Expected, expectations
from textmill.records import ExpectationResult


def results_of(
    pages: Sequence[PageMeasures], failures: Sequence[Sequence[Expected]]
) -> list[ExpectationResult]:
    """Return one result for each check and severity, in the order of the suite.

    Expectations of the same check, such as those that look for values out of range, are taken together.

    Args:
        failures: for each of the pages, in their order, the expectations that it failed.
    """
    groups: dict[tuple[str, str], list[Expected]] = {}
    for one in expectations():
        groups.setdefault((one.check, one.severity), []).append(one)
    return [_result(group, pages, failures) for group in groups.values()]


def _result(
    group: Sequence[Expected], pages: Sequence[PageMeasures], failures: Sequence[Sequence[Expected]]
) -> ExpectationResult:
    columns = list(dict.fromkeys(column for one in group for column in one.columns))
    failing = sum(any(one in failed for one in group) for failed in failures)
    judged = sum(any(getattr(page, column) is not None for column in columns) for page in pages)
    return ExpectationResult(
        check=group[0].check,
        severity=group[0].severity,
        expectation=group[0].expectation,
        column=", ".join(columns),
        observed=f"{failing} of {judged} pages",
        element_count=judged,
        unexpected_count=failing,
        success=not failing,
    )

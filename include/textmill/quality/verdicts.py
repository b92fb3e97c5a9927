"""From failed expectations to a verdict on each page, in words that a person understands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from textmill.quality.checks import EXPLANATIONS, MEASURED, Check
from textmill.quality.page_measures import PageMeasures
from textmill.quality.suites import Expected
from textmill.records import Outcome, PageVerdict
from textmill.settings import Settings

_GRAVITY = {check: number for number, check in enumerate(Check)}


def verdicts(
    pages: Iterable[PageMeasures], failures: Iterable[Sequence[Expected]], settings: Settings
) -> Iterator[PageVerdict]:
    """Yield one verdict per page.

    Args:
        failures: for each of the pages, in their order, the expectations that it failed.
        settings: with the limits by which the pages were judged.
    """
    for page, failed in zip(pages, failures, strict=True):
        yield verdict(page, failed, settings)


def verdict(page: PageMeasures, failed: Sequence[Expected], settings: Settings) -> PageVerdict:
    """Return the verdict on a page that failed these expectations.

    What quarantines it stands before what only flags it: the first check becomes the reason in quarantine.
    """
    worst = _worst_of_each_check(failed)
    if not worst:
        outcome = Outcome.ACCEPTED
    elif worst[0].severity == "critical":
        outcome = Outcome.QUARANTINED
    else:
        outcome = Outcome.WARNING
    return PageVerdict(
        sha256=page.sha256,
        page_no=page.page_no,
        outcome=outcome,
        checks=tuple(dict.fromkeys(one.check for one in worst)),
        message="; ".join(explain(page, one, settings) for one in worst),
    )


def _worst_of_each_check(failed: Sequence[Expected]) -> list[Expected]:
    quarantining = {one.check for one in failed if one.severity == "critical"}
    worst = [one for one in failed if one.severity == "critical" or one.check not in quarantining]
    return sorted(worst, key=lambda one: (one.severity != "critical", _GRAVITY[one.check]))


def explain(page: PageMeasures, failed: Expected, settings: Settings) -> str:
    """Return a half-sentence for one expectation that a page failed, with the figure and the limit."""
    words = EXPLANATIONS[failed.check]
    if failed.check is Check.MISSING_PAGES:
        return f"{words}: {page.pages_settled} of {page.page_count}"
    if failed.check is Check.OUT_OF_RANGE:
        (column,) = failed.columns
        return f"{words}: {column} is {getattr(page, column):,}{_limit(failed, settings)}"
    if failed.check is Check.NO_TEXT or failed.check in MEASURED:
        (column,) = failed.columns
        of_what = " of ink" if failed.check is Check.NO_TEXT else ""
        return f"{words}: {_percent(getattr(page, column))}{of_what}{_limit(failed, settings)}"
    return words


def _limit(failed: Expected, settings: Settings) -> str:
    if failed.setting is None:
        return ""
    limit = getattr(settings, failed.setting)
    shown = f"{limit:,}" if isinstance(limit, int) else _percent(limit)
    return f" (limit {shown}, TEXTMILL_{failed.setting.upper()})"


def _percent(share: float) -> str:
    # Three digits: that a figure is above the limit must be seen where it is so by little.
    return f"{100 * share:.3g} %"

"""What the gate says of labelled pages: the settings' thresholds, applied to their measures.

Pure Python: the gate itself does the same with Great Expectations, over tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.spoiled_pages.specimens import LabelledPage
from textmill.quality.checks import MEASURED, Check
from textmill.quality.page_measures import MediumFacts, PageMeasures, measure_pages
from textmill.records import Outcome
from textmill.settings import Settings


@dataclass(frozen=True)
class Judged:
    """A labelled page, its measures, and the checks that it failed, by what becomes of it."""

    label: LabelledPage
    measures: PageMeasures
    warnings: frozenset[Check]
    critical: frozenset[Check]

    @property
    def outcome(self) -> Outcome:
        """What becomes of the page."""
        if self.critical:
            return Outcome.QUARANTINED
        return Outcome.WARNING if self.warnings else Outcome.ACCEPTED

    @property
    def failed(self) -> frozenset[Check]:
        """All checks that it failed."""
        return self.warnings | self.critical


def judge(labels: Sequence[LabelledPage], settings: Settings) -> Iterator[Judged]:
    """Yield what becomes of each page."""
    keys = Counter((label.page.sha256, label.page.page_no) for label in labels)
    for label, measures in zip(labels, measured(labels), strict=True):
        critical = set(_always_critical(measures, settings))
        if keys[label.page.sha256, label.page.page_no] > 1:
            critical.add(Check.DUPLICATE_PAGE)
        critical |= set(above(measures, settings, "quarantine"))
        warnings = set(above(measures, settings, "warning")) - critical
        yield Judged(label, measures, frozenset(warnings), frozenset(critical))


def measured(labels: Sequence[LabelledPage]) -> Iterator[PageMeasures]:
    """Yield the measures of pages, with what was altered in them."""
    facts = {
        label.page.sha256: MediumFacts(label.name, label.languages, label.pages_settled, label.page_count)
        for label in labels
    }
    found = measure_pages((label.page for label in labels), facts)
    for label, measures in zip(labels, found, strict=True):
        altered: dict[str, Any] = dict(label.altered)
        yield replace(measures, **altered)


def above(measures: PageMeasures, settings: Settings, severity: str) -> Iterable[Check]:
    """Yield the checks whose measure is above the setting of this severity."""
    for check in MEASURED:
        value = getattr(measures, check.value)
        if value is not None and value > getattr(settings, f"quality_{check.value}_{severity}"):
            yield check


def _always_critical(measures: PageMeasures, settings: Settings) -> Iterable[Check]:
    if measures.pages_settled != measures.page_count and measures.page_count is not None:
        yield Check.MISSING_PAGES
    confidence = 0.0 if measures.confidence is None else measures.confidence
    if (
        not 0 <= confidence <= 1
        or min(measures.width, measures.height, measures.page_no) < 1
        or measures.text_length > settings.quality_longest_text
    ):
        yield Check.OUT_OF_RANGE
    if measures.ink > settings.quality_blank_ink and not measures.text_length:
        yield Check.NO_TEXT

"""The reports of the quality gate as pages to look at: one of a batch, one of a run.

They stand alone: no scripts, nothing from other servers, and names of files are shown and never interpreted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape

from textmill.quality.page_measures import PageMeasures
from textmill.records import BatchQuality, Outcome, PageVerdict

TEMPLATES = Path(__file__).with_name("data_docs")
_MOST_ROWS = 500
"""Pages at fault that a report shows: a browser copes with it, and nobody reads more."""
_LONGEST_NAME = 200


@dataclass(frozen=True)
class _Row:
    name: str
    outcome: str
    checks: tuple[str, ...]
    message: str


def batch_report(
    quality: BatchQuality,
    pages: Sequence[PageMeasures],
    verdicts: Sequence[PageVerdict],
    *,
    run_id: str,
    sections: str,
) -> str:
    """Return the page of a batch as HTML.

    Args:
        verdicts: on the pages, in their order.
        sections: how each expectation fared, as HTML; see `textmill.quality.validation_sections`.
    """
    template = _environment().get_template("batch.html")
    return template.render(report=quality, rows=_rows(pages, verdicts), run_id=run_id, sections=sections)


def run_report(batches: Iterable[BatchQuality], *, run_id: str) -> str:
    """Return the page of a run, with a line for each batch, as HTML."""
    template = _environment().get_template("index.html")
    return template.render(batches=sorted(batches, key=lambda one: one.batch_no), run_id=run_id)


def _rows(pages: Sequence[PageMeasures], verdicts: Sequence[PageVerdict]) -> list[_Row]:
    rows: list[_Row] = []
    for outcome in (Outcome.QUARANTINED, Outcome.WARNING):
        for page, verdict in zip(pages, verdicts, strict=True):
            if verdict.outcome is outcome and len(rows) < _MOST_ROWS:
                rows.append(_Row(page.name[-_LONGEST_NAME:], outcome, verdict.checks, verdict.message))
    return rows


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(["html"]))

"""Validate: hold a batch's pages against the suite and write a verdict on each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from textmill.checkpoint import read_progress
from textmill.page_table import read_pages, write_verdicts
from textmill.records import ExpectationResult, PageVerdict
from textmill.settings import Settings
from textmill.staging import BatchArea, Staging
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.runs import note_batch, store_quality_results


@dataclass(frozen=True)
class ValidationTally:
    """How many pages were accepted and how many go to quarantine."""

    accepted: int
    quarantined: int


def validate(
    warehouse: Engine, staging: Staging, settings: Settings, *, run_id: str, batch_uri: str
) -> ValidationTally:
    """Judge a batch. A page that fails an expectation is set apart; only a broken suite fails the task."""
    area = BatchArea.at(batch_uri)
    results, verdicts = _judge(area)
    write_verdicts(area.verdicts, verdicts)

    def note(connection: Any) -> None:
        store_quality_results(connection, run_id, area.batch_no, results, utc_now())
        note_batch(connection, run_id, area.batch_no, state="validated")

    in_transaction(warehouse, note)
    accepted = sum(verdict.accepted for verdict in verdicts)
    return ValidationTally(accepted=accepted, quarantined=len(verdicts) - accepted)


def _judge(area: BatchArea) -> tuple[list[ExpectationResult], list[PageVerdict]]:
    rows = list(_rows(area))
    if not rows:
        return [], []  # without pages, spare the seconds that importing Great Expectations takes
    # While it is imported it tells of each deprecated function: thousands of lines in a task's log.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    from textmill.quality.suite import check_pages
    from textmill.quality.verdicts import verdicts

    quality = check_pages(rows)
    return quality.results, list(verdicts(read_pages(area.pages), quality.failures))


def _rows(area: BatchArea) -> Iterator[dict[str, Any]]:
    progress = read_progress(area.checkpoint)
    for page in read_pages(area.pages):
        yield {
            "sha256": page.sha256,
            "page_no": page.page_no,
            "text": page.text,
            "confidence": page.confidence,
            "width": page.width,
            "height": page.height,
            "ink": page.ink,
            "pages_settled": progress.finished_counts[page.sha256],
            "page_count": progress.page_counts[page.sha256],
        }

"""The books of a made-up year: batches, runs, what the quality gate found in each, and sources."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from textmill.quality.checks import Check

DAYS = 365
BATCHES_PER_DAY = 10
FIRST_DAY = datetime.combine(date.today(), time()) - timedelta(days=DAYS)
"""The year ended yesterday, so that a query for the last days finds some."""
SOURCES = ("scans", "mail", "contracts", "receipts", "minutes", "press", "web", "archive")

Row = tuple[Any, ...]

COLUMNS = {
    "media": "id sha256 bytes mime kind page_count duration_ms status needs_retry location_id "
    "first_seen loaded_at",
    "media_location": "id uri_hash uri media_id archive_id source source_hash bytes modified_ns tags refused "
    "failures change changed_at deleted_at first_seen last_seen",
    "page": "id media_id page_no text confidence confidence_low low_line_share width height dpi "
    "rotation ink preprocessing text_source engine model fingerprint milliseconds start_ms "
    "end_ms ingest_run_id batch_no loaded_at quality warnings",
    "line": "page_id line_no text confidence polygon start_ms end_ms",
    "quarantine": "entry_key sha256 uri_hash uri page_no stage reason message detail permanent attempts "
    "status first_seen last_seen ingest_run_id batch_no closed_at",
    "ingest_run": "id run_id source params state started_at finished_at media_discovered media_found "
    "media_unchanged media_refused media_waiting media_reappeared media_deleted media_loaded "
    "media_quarantined pages_loaded pages_warned pages_quarantined batches confidence",
    "ingest_batch": "ingest_run_id batch_no state estimated_seconds media_total media_members "
    "media_unchanged media_loaded media_quarantined pages_total pages_done pages_loaded pages_warned "
    "pages_quarantined confidence_sum pages_with_text engine device ocr_started_at "
    "ocr_finished_at loaded_at",
    "quality_result": "ingest_run_id batch_no check_name severity expectation column_name observed "
    "element_count unexpected_count success measured_at",
    "source": "name_hash name kind location listed_at media_listed",
}
"""The columns of the rows, by table; the others are null."""


@dataclass
class Batch:
    """What one batch of the year did; the first run has the number 1."""

    number: int
    media: int = 0
    pages: int = 0
    warned: int = 0
    quarantined: int = 0
    confidence: float = 0.0

    @property
    def run(self) -> int:
        """Key of its run."""
        return self.number // BATCHES_PER_DAY + 1

    @property
    def batch_no(self) -> int:
        """Its number in that run."""
        return self.number % BATCHES_PER_DAY

    @property
    def moment(self) -> datetime:
        """When it was loaded."""
        return FIRST_DAY + timedelta(days=self.run - 1, seconds=600 * (self.batch_no + 1))


@dataclass
class Chunk:
    """Rows by table."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in COLUMNS})

    def add(self, table: str, *values: Any) -> None:
        """Add a row."""
        self.rows[table].append(values)


def add_books(chunk: Chunk, batches: Sequence[Batch], media: int, seed: int) -> None:
    """Add the rows of batches, runs, results of checks and sources.

    Args:
        media: how many there are in all sources together.
    """
    chance = random.Random(seed)
    for day in range(DAYS):
        some = batches[day * BATCHES_PER_DAY : (day + 1) * BATCHES_PER_DAY]
        _add_run(chunk, some)
        for batch in some:
            _add_batch(chunk, batch)
            _add_results(chunk, batch, chance)
    last = FIRST_DAY + timedelta(days=DAYS)
    for name in SOURCES:
        chunk.add("source", hash_of(name), name, "folder", root_of(name), last, media // len(SOURCES))


def root_of(source: str) -> str:
    """Return the address of a source."""
    return f"https://{source}.example.org" if source == "web" else f"file:///in/{source}"


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _add_run(chunk: Chunk, batches: Sequence[Batch]) -> None:
    run, began = batches[0].run, FIRST_DAY + timedelta(days=batches[0].run - 1)
    media, pages = sum(one.media for one in batches), sum(one.pages for one in batches)
    mean = sum(one.confidence for one in batches) / pages if pages else None
    params = {"engine": "auto", "source": "", "batch_seconds": 180}
    chunk.add(
        "ingest_run",
        run,
        f"scheduled__{began:%Y-%m-%dT%H:%M:%S}+00:00",
        "" if run % 7 else "mail",
        json.dumps(params),
        "success",
        began,
        batches[-1].moment,
        media,
        media,
        0,
        0,
        0,
        0,
        0,
        media,
        0,
        pages,
        sum(one.warned for one in batches),
        sum(one.quarantined for one in batches),
        len(batches),
        mean,
    )


def _add_batch(chunk: Chunk, batch: Batch) -> None:
    total = batch.pages + batch.quarantined
    chunk.add(
        "ingest_batch",
        batch.run,
        batch.batch_no,
        "loaded",
        180.0,
        batch.media,
        0,
        0,
        batch.media,
        0,
        total,
        total,
        batch.pages,
        batch.warned,
        batch.quarantined,
        batch.confidence,
        batch.pages,
        "paddle",
        "cpu",
        batch.moment - timedelta(seconds=500),
        batch.moment - timedelta(seconds=20),
        batch.moment,
    )


def _add_results(chunk: Chunk, batch: Batch, chance: random.Random) -> None:
    total = batch.pages + batch.quarantined
    for check in Check:
        for severity, share in (("warning", 0.01), ("critical", 0.001)):
            failed = sum(chance.random() < share for _ in range(total))
            chunk.add(
                "quality_result",
                batch.run,
                batch.batch_no,
                check.value,
                severity,
                "expect_…",
                check.value,
                "",
                total,
                failed,
                int(not failed),
                batch.moment,
            )

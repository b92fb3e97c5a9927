"""Load: write a batch into the warehouse, one transaction per medium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy import Connection, Engine

from textmill.checkpoint import read_progress, read_rejections
from textmill.errors import Reason, StagingError
from textmill.fetching.content_store import ContentStore
from textmill.page_table import read_pages, read_verdicts
from textmill.reading_times import works_of
from textmill.records import (
    FetchedItem,
    FetchOutcome,
    PageRecord,
    PageVerdict,
    Rejection,
    Stage,
)
from textmill.staging import BatchArea, Staging, items_to_read, name_of, read_records
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import media_key, note_location
from textmill.warehouse.pacing import note_batch_pace
from textmill.warehouse.quarantining import quarantine_all, resolve_address
from textmill.warehouse.runs import note_batch, run_key


@dataclass
class LoadTally:
    """What a batch came to."""

    media_unchanged: int = 0
    media_loaded: int = 0
    media_quarantined: int = 0
    pages_loaded: int = 0
    pages_changed: int = 0
    pages_quarantined: int = 0
    confidences: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """What goes into the books, by column: counted from staged files, so that a retry writes the same."""
        return {
            "media_unchanged": self.media_unchanged,
            "media_loaded": self.media_loaded,
            "media_quarantined": self.media_quarantined,
            "pages_loaded": self.pages_loaded,
            "pages_quarantined": self.pages_quarantined,
            "confidence_sum": sum(self.confidences),
            "pages_with_text": len(self.confidences),
        }

    def note(self, result: MediumResult, changed: int) -> None:
        """Count one medium that was read."""
        if result.status == "quarantined":
            self.media_quarantined += 1
        else:
            self.media_loaded += 1
        self.pages_loaded += len(result.pages)
        self.pages_changed += changed
        self.pages_quarantined += sum(rejection.page_no is not None for rejection in result.rejections)
        self.confidences += [page.confidence for page in result.pages if page.confidence is not None]


class BatchLoader:
    """Puts the staged files of one batch together, medium by medium, and writes them."""

    def __init__(self, warehouse: Engine, staging: Staging, area: BatchArea, run_id: str) -> None:
        self._warehouse = warehouse
        self._store = ContentStore(staging.content)
        self._area = area
        with warehouse.connect() as connection:
            self._ingest_run_id = run_key(connection, run_id)
        self._progress = read_progress(area.checkpoint)
        self._rejections = _by_medium(area)
        self._verdicts = {
            (verdict.sha256, verdict.page_no): verdict for verdict in read_verdicts(area.verdicts)
        }

    def load(self, tally: LoadTally) -> None:
        """Load every item of the batch into the warehouse."""
        pages = _pages_by_medium(self._area)
        uris = {content.sha256: item.ref.uri for item, content in items_to_read(self._area)}
        for sha256, records in pages:
            if sha256 in uris:
                self._load_read(uris.pop(sha256), sha256, records, tally)
        for sha256, uri in uris.items():  # opened or not, none of their pages could be read
            self._load_read(uri, sha256, [], tally)
        opened_into = set()  # archives out of which something was taken
        for fetched in read_records(self._area.fetched, FetchedItem):
            if fetched.archive is not None and fetched.outcome is not FetchOutcome.REJECTED:
                opened_into.add(fetched.archive)
            if fetched.outcome is FetchOutcome.UNCHANGED and fetched.content is not None:
                self._note_unchanged(fetched.item.ref.uri, fetched.content.sha256)
                tally.media_unchanged += 1
            elif fetched.outcome is FetchOutcome.REJECTED and fetched.rejection is not None:
                self._load_refused(fetched, fetched.rejection)
                tally.media_quarantined += 1
        self._load_archives(opened_into, tally)

    def _load_archives(self, opened_into: set[str], tally: LoadTally) -> None:
        """Settle the archives, last of all: what is not settled is opened again by the next run."""
        for fetched in read_records(self._area.fetched, FetchedItem):
            if fetched.outcome is FetchOutcome.OPENED and fetched.content is not None:
                sha256 = fetched.content.sha256
                result = MediumResult(
                    uri=fetched.item.ref.uri,
                    sha256=sha256,
                    page_count=0,
                    pages=[],
                    rejections=[] if fetched.rejection is None else [fetched.rejection],
                    members=sha256 in opened_into,
                )
                self._write(result, tally)

    def _load_read(self, uri: str, sha256: str, pages: list[PageRecord], tally: LoadTally) -> None:
        result = MediumResult(
            uri=uri,
            sha256=sha256,
            page_count=self._progress.page_counts.get(sha256),
            duration_ms=self._progress.durations.get(sha256),
            pages=[page for page in pages if self._verdict(page).accepted],
            rejections=[
                *self._rejections.get(sha256, []),
                *(
                    _gate_rejection(uri, page, self._verdict(page))
                    for page in pages
                    if not self._verdict(page).accepted
                ),
            ],
        )
        _refuse_losses(result)
        self._write(result, tally)

    def _write(self, result: MediumResult, tally: LoadTally) -> None:
        changed = in_transaction(
            self._warehouse,
            lambda connection: load_medium(
                connection,
                result,
                ingest_run_id=self._ingest_run_id,
                batch_no=self._area.batch_no,
                now=utc_now(),
            ),
        )
        tally.note(result, changed)
        if result.status == "loaded":
            self._store.remove(result.sha256)

    def _verdict(self, page: PageRecord) -> PageVerdict:
        try:
            return self._verdicts[page.sha256, page.page_no]
        except KeyError:
            raise StagingError(
                f"{self._area.verdicts} has no verdict on page {page.page_no} of {page.sha256}; "
                f"clear the validate task of this batch."
            ) from None

    def _note_unchanged(self, uri: str, sha256: str) -> None:
        in_transaction(
            self._warehouse,
            lambda connection: resolve_address(connection, uri=uri, sha256=sha256, now=utc_now()),
        )

    def _load_refused(self, fetched: FetchedItem, rejection: Rejection) -> None:
        def write(connection: Connection) -> None:
            now = utc_now()
            quarantine_all(
                connection,
                [rejection],
                ingest_run_id=self._ingest_run_id,
                batch_no=self._area.batch_no,
                now=now,
            )
            note_location(
                connection,
                fetched.item.ref,
                media_id=None,
                archive_id=None if fetched.archive is None else media_key(connection, fetched.archive),
                refused=rejection.permanent,
                now=now,
            )

        in_transaction(self._warehouse, write)


def load(warehouse: Engine, staging: Staging, *, run_id: str, batch_uri: str) -> LoadTally:
    """Load a batch. Loading it again changes nothing.

    Raises:
        StagingError: a page would be lost, because it was neither read nor refused.
    """
    area = BatchArea.at(batch_uri)
    tally = LoadTally()
    BatchLoader(warehouse, staging, area, run_id).load(tally)
    works = works_of(area)

    def close(connection: Connection) -> None:
        note_batch_pace(connection, run_id, area.batch_no, works)
        note_batch(
            connection,
            run_id,
            area.batch_no,
            state="loaded",
            loaded_at=utc_now(),
            **tally.figures(),
        )

    in_transaction(warehouse, close)
    return tally


def _by_medium(area: BatchArea) -> dict[str, list[Rejection]]:
    rejections: dict[str, list[Rejection]] = {}
    if area.checkpoint.exists():
        for rejection in read_rejections(area.checkpoint):
            if rejection.sha256 is not None:
                rejections.setdefault(rejection.sha256, []).append(rejection)
    return rejections


def _pages_by_medium(area: BatchArea) -> Iterator[tuple[str, list[PageRecord]]]:
    """Yield the pages of each medium; the worker finishes one medium before it begins the next."""
    for sha256, pages in groupby(read_pages(area.pages), key=lambda page: page.sha256):
        yield sha256, list(pages)


def _gate_rejection(uri: str, page: PageRecord, verdict: PageVerdict) -> Rejection:
    name = name_of(uri)
    return Rejection(
        uri=uri,
        sha256=page.sha256,
        page_no=page.page_no,
        stage=Stage.VALIDATE,
        reason=Reason.EXPECTATION_FAILED,
        message=f"{name}, page {page.page_no}: {verdict.message}.",
        detail=", ".join(verdict.expectations),
        permanent=True,
    )


def _refuse_losses(result: MediumResult) -> None:
    """Raise StagingError unless every page of an opened medium was either accepted or refused."""
    if any(rejection.page_no is None for rejection in result.rejections):
        return
    settled = len(result.pages) + len(result.rejections)
    if result.page_count != settled:
        raise StagingError(
            f"{result.uri} has {result.page_count} pages but {settled} were read or refused; "
            f"clear the ocr task of this batch."
        )

"""Load: write a batch into the warehouse, one transaction per medium.

A medium that is read in parts is written once and whole, by the batch whose part comes last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from textmill.assembly import assemble, part_of
from textmill.errors import StagingError, TooManyQuarantined
from textmill.findings import AcceptedPages, BatchFindings, Findings, accepted_texts
from textmill.reading_times import works_of
from textmill.records import (
    Content,
    FetchedItem,
    FetchOutcome,
    Kind,
    Rejection,
)
from textmill.settings import Settings
from textmill.settings import load as load_settings
from textmill.staging import BatchArea, Staging, items_to_read, name_of, read_records
from textmill.warehouse.connection import Transactions, in_transaction, utc_now
from textmill.warehouse.deletions import align_members, members_of
from textmill.warehouse.load_tally import LoadTally
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import media_key, note_location
from textmill.warehouse.pacing import note_batch_pace
from textmill.warehouse.quarantine_closing import resolve_address, resolve_failures
from textmill.warehouse.quarantining import RetryWaits, quarantine_all, standing
from textmill.warehouse.readings import (
    PartIsTaken,
    Reading,
    ReadingFigures,
    close_reading,
    give_up_medium,
    settle_part,
)
from textmill.warehouse.runs import batch_problem, note_batch, run_key
from textmill.warehouse.words import keep_vocabulary


class BatchLoader:
    """Puts the staged files of one batch together, medium by medium, and writes them.

    Attributes:
        batch: what the batch came to by itself.
        in_parts: what media came to of which it had the last part; the books have these apart, since
            another batch may have the last part when one is read again.
    """

    def __init__(
        self, warehouse: Engine, staging: Staging, settings: Settings, area: BatchArea, run_id: str
    ) -> None:
        self._warehouse = warehouse
        self._transactions = Transactions(warehouse)
        self._store = staging.content_store()
        self._staging = staging
        self._area = area
        self._run = staging.run(run_id)
        self._run_id = run_id
        self._ingest_run_id = in_transaction(warehouse, lambda connection: run_key(connection, run_id))
        self.batch = LoadTally()
        self.in_parts = LoadTally()
        self._waits = RetryWaits.of(settings)

    def load(self) -> None:
        """Load every item of the batch into the warehouse."""
        with self._transactions:
            self._load_items()
        self._align_members()

    def _load_items(self) -> None:
        self._load_whole_media()
        opened_into = set()  # archives out of which something was taken
        for fetched in read_records(self._area.fetched, FetchedItem):
            if fetched.archive is not None and fetched.outcome is not FetchOutcome.REJECTED:
                opened_into.add(fetched.archive)
            if fetched.item.parts > 1:
                self._load_part(fetched)
            else:
                self._load_unread(fetched)
        self._load_archives(opened_into)

    def _align_members(self) -> None:
        """Have what lies in the archives be there, and what lay in others at their addresses be gone."""
        for fetched in read_records(self._area.fetched, FetchedItem):
            if fetched.content is not None and fetched.content.kind is Kind.ARCHIVE:
                where = members_of(fetched.item.ref.uri, fetched.content.sha256)
                align_members(self._warehouse, where, utc_now(), ingest_run_id=self._ingest_run_id)

    def _load_whole_media(self) -> None:
        to_read = [(item, content) for item, content in items_to_read(self._area) if item.parts == 1]
        if not to_read:
            return
        findings = BatchFindings(self._area)
        for item, content in to_read:
            found = findings.of(content.sha256)
            self._write(self._result(item.ref.uri, content.sha256, found), found.pages.confidences)

    def _load_unread(self, fetched: FetchedItem) -> None:
        """Note what fetching did not leave to be read; a medium counts once, with its first part."""
        counts = fetched.item.part == 0
        if fetched.outcome is FetchOutcome.UNCHANGED:
            self._note_unchanged(fetched)
            self.batch.media_unchanged += counts
        elif fetched.outcome is FetchOutcome.REJECTED and fetched.rejection is not None:
            rejection = fetched.rejection
            self._transactions.run(lambda connection: self._refuse(connection, fetched, rejection))
            self.batch.media_quarantined += counts

    def _load_archives(self, opened_into: set[str]) -> None:
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
                self._write(result)

    def _result(self, uri: str, sha256: str, found: Findings) -> MediumResult:
        """Return what is to be written. Raises StagingError if a page is neither read nor refused."""
        if found.complaint:
            raise StagingError(
                f"{name_of(uri)} {found.complaint}; clear the ocr task of batch {self._area.batch_no}."
            )
        return MediumResult(
            uri=uri,
            sha256=sha256,
            page_count=found.page_count,
            duration_ms=found.duration_ms,
            pages=AcceptedPages(found.pages),
            rejections=[*found.rejections, *found.pages.rejections(uri)],
            warned=found.pages.warned,
        )

    def _write(self, result: MediumResult, confidences: Sequence[float] = ()) -> None:
        changed = self._transactions.run(lambda connection: self._load(connection, result))
        self.batch.note(result, changed, confidences)
        self._tidy_up(result)

    def _load(self, connection: Connection, result: MediumResult) -> int:
        return load_medium(
            connection,
            result,
            ingest_run_id=self._ingest_run_id,
            batch_no=self._area.batch_no,
            now=utc_now(),
            waits=self._waits,
        )

    def _tidy_up(self, result: MediumResult) -> None:
        if result.status == "loaded":
            self._store.remove(result.sha256)

    def _note_unchanged(self, fetched: FetchedItem) -> None:
        uri, content = fetched.item.ref.uri, fetched.content
        self._transactions.run(lambda connection: self._resolve(connection, uri, content))

    def _resolve(self, connection: Connection, uri: str, content: Content | None) -> None:
        run = self._ingest_run_id
        if content is None:  # its server says that nothing changed
            resolve_failures(connection, uri=uri, now=utc_now(), ingest_run_id=run)
        else:
            resolve_address(connection, uri=uri, sha256=content.sha256, now=utc_now(), ingest_run_id=run)

    def _refuse(self, connection: Connection, fetched: FetchedItem, rejection: Rejection) -> None:
        now = utc_now()
        quarantine_all(
            connection,
            [rejection],
            ingest_run_id=self._ingest_run_id,
            batch_no=self._area.batch_no,
            now=now,
            waits=self._waits,
        )
        so_far = standing(connection, rejection)
        note_location(
            connection,
            fetched.item.ref,
            media_id=None,
            archive_id=None if fetched.archive is None else media_key(connection, fetched.archive),
            refused=rejection.permanent,
            failures=so_far.attempts,
            next_try_at=so_far.next_try_at,
            now=now,
            etag=fetched.item.ref.etag,
            last_modified=fetched.item.ref.last_modified,
            ingest_run_id=self._ingest_run_id,
        )

    # --- media read in parts -------------------------------------------------------------------------

    def _load_part(self, fetched: FetchedItem) -> None:
        """Note that a part is through; load the medium if it was the last one."""
        try:
            settled = self._transactions.run(lambda connection: self._settle(connection, fetched))
        except PartIsTaken:
            self._load_unread(fetched)
            return
        self.in_parts.add(settled.tally)
        if settled.result is not None:
            self._tidy_up(settled.result)

    def _settle(self, connection: Connection, fetched: FetchedItem) -> _Settled:
        complete = settle_part(
            connection,
            fetched.item,
            fetched.outcome,
            run_id=self._run_id,
            batch_no=self._area.batch_no,
            now=utc_now(),
        )
        if complete is None:
            return _Settled(LoadTally(parts_waiting=1))
        settled = self._settle_medium(connection, complete, fetched.item.ref.uri)
        figures = ReadingFigures(
            outcome=settled.outcome,
            pages_loaded=settled.tally.pages_loaded,
            pages_warned=settled.tally.pages_warned,
            pages_quarantined=settled.tally.pages_quarantined,
            confidence_sum=sum(settled.tally.confidences),
            pages_with_text=len(settled.tally.confidences),
        )
        close_reading(connection, complete.id, figures)
        return settled

    def _settle_medium(self, connection: Connection, complete: Reading, uri: str) -> _Settled:
        areas = [self._run.batch(batch_no) for batch_no in complete.batches]
        for area in areas:
            self._staging.bring_batch(area)
        parts = [part_of(area, uri, part) for part, area in enumerate(areas)]
        outcomes = {one.outcome for one in parts}
        if FetchOutcome.OPENED in outcomes:
            return _Settled(LoadTally(), "opened")
        if FetchOutcome.REJECTED in outcomes:
            refused = next(one for one in parts if one.outcome is FetchOutcome.REJECTED)
            assert refused.rejection is not None
            self._refuse(connection, refused, refused.rejection)
            give_up_medium(connection, complete)
            return _Settled(LoadTally(media_quarantined=1), "quarantined")
        content = parts[0].content
        if FetchOutcome.UNCHANGED in outcomes or content is None:
            self._resolve(connection, uri, content)
            return _Settled(LoadTally(media_unchanged=1), "unchanged")
        found = assemble(self._run, complete.batches, uri, content)
        result = self._result(uri, content.sha256, found)
        tally = LoadTally()
        tally.note(result, self._load(connection, result), found.pages.confidences)
        return _Settled(tally, "loaded" if tally.media_loaded else "quarantined", result)


@dataclass(frozen=True)
class _Settled:
    """What became of a part. `outcome` is empty, and there is no result, while others are missing."""

    tally: LoadTally
    outcome: str = ""
    result: MediumResult | None = None


def load(
    warehouse: Engine, staging: Staging, *, run_id: str, batch_uri: str, settings: Settings | None = None
) -> LoadTally:
    """Load a batch. Loading it again changes nothing.

    Raises:
        StagingError: a page would be lost, because it was neither read nor refused.
        TooManyQuarantined: the quality gate found the batch as a whole unfit; its good pages are loaded.
    """
    area = BatchArea.at(batch_uri)
    loader = BatchLoader(warehouse, staging, settings or load_settings(), area, run_id)
    loader.load()
    keep_vocabulary(warehouse, accepted_texts(area))
    works = works_of(area)

    def close(connection: Connection) -> str | None:
        note_batch_pace(connection, run_id, area.batch_no, works)
        note_batch(
            connection,
            run_id,
            area.batch_no,
            state="loaded",
            loaded_at=utc_now(),
            **loader.batch.figures(),
        )
        return batch_problem(connection, run_id, area.batch_no)

    problem = in_transaction(warehouse, close)
    if problem is not None:
        raise TooManyQuarantined(f"Batch {area.batch_no} is unfit: {problem}.")
    tally = LoadTally()
    tally.add(loader.batch)
    tally.add(loader.in_parts)
    return tally

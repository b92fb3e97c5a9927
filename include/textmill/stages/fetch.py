"""Fetch: copy each item into the content store, find out what it is, and claim it. Archives are opened."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from textmill.access import Connections
from textmill.batching import CostModel
from textmill.errors import ArchiveTooLarge, MediumError
from textmill.fetching.archives import ArchiveLimits, Budget, CannotGoOn, Member, open_archive
from textmill.fetching.content_store import ContentStore, Incoming
from textmill.fetching.sniffing import sniff
from textmill.records import (
    BatchItem,
    Content,
    FetchedItem,
    FetchOutcome,
    FingerprintsOf,
    Kind,
    MediaRef,
    Rejection,
    Stage,
)
from textmill.run_wishes import Reread
from textmill.settings import Settings
from textmill.stages.plan import cost_model
from textmill.staging import BatchArea, Staging, name_of, path_of, read_records, write_records
from textmill.warehouse.claims import Claimant
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.locations import note_location
from textmill.warehouse.readings import claim_item, reopen_parts
from textmill.warehouse.runs import note_batch, reopen_run

LOG = logging.getLogger(__name__)

_MOST_BYTES = 2**63 - 1
"""What the warehouse holds; an archive may say anything of its members."""


@dataclass
class FetchTally:
    """What became of a batch's items.

    Attributes:
        opened: archives, of which the members are counted as items.
        members: items that were found in archives.
    """

    to_read: int = 0
    unchanged: int = 0
    rejected: int = 0
    opened: int = 0
    members: int = 0
    pages_expected: int = 0

    def note(self, fetched: FetchedItem) -> None:
        """Count one item."""
        self.members += fetched.archive is not None
        match fetched.outcome:
            case FetchOutcome.READ:
                self.to_read += 1
                self.pages_expected += fetched.item.estimated_pages
            case FetchOutcome.OPENED:
                self.opened += 1
            case FetchOutcome.UNCHANGED:
                self.unchanged += 1
            case FetchOutcome.REJECTED:
                self.rejected += 1


def fetch(
    warehouse: Engine,
    staging: Staging,
    settings: Settings,
    *,
    run_id: str,
    batch_uri: str,
    reread: Reread,
    connections: Connections,
    fingerprints_of: FingerprintsOf | None = None,
) -> FetchTally:
    """Fetch the items of a batch; a broken item becomes a rejection and never fails the batch.

    Args:
        fingerprints_of: tells with `Reread.OTHER_ENGINE` which media are read again; without it, all are.
    """
    area = BatchArea.at(batch_uri)

    def reopen(connection: Connection) -> None:
        reopen_run(connection, run_id)
        reopen_parts(connection, run_id, area.batch_no)

    in_transaction(warehouse, reopen)
    fingerprints = None
    if reread is Reread.OTHER_ENGINE and fingerprints_of is not None:
        fingerprints = fingerprints_of(area.read_profile())
    claimant = Claimant(run_id, area.batch_no, reread, settings.claim_hours, fingerprints=fingerprints)
    planned, begun = _count_items(area)
    fetcher = BatchFetcher(warehouse, ContentStore(staging.content), settings, claimant, planned)
    tally = FetchTally()
    write_records(area.fetched, _fetch_all(area, fetcher, tally), FetchedItem)
    in_transaction(
        warehouse,
        lambda connection: note_batch(
            connection,
            run_id,
            area.batch_no,
            state="fetched",
            pages_total=tally.pages_expected,
            media_total=begun + tally.members,
            media_members=tally.members,
        ),
    )
    return tally


def _count_items(area: BatchArea) -> tuple[int, int]:
    """Return how many items a batch has, and how many media: one counts where its first part is."""
    parts = [item.part for item in read_records(area.items, BatchItem)]
    return len(parts), parts.count(0)


def _fetch_all(area: BatchArea, fetcher: BatchFetcher, tally: FetchTally) -> Iterator[FetchedItem]:
    for item in read_records(area.items, BatchItem):
        for fetched in fetcher.fetch(item):
            tally.note(fetched)
            yield fetched


@dataclass(frozen=True)
class _Archive:
    """An archive that is being opened."""

    media_id: int
    item: BatchItem
    content: Content
    budget: Budget


class BatchFetcher:
    """Fetches the items of one batch, and what lies in those that are archives.

    Args:
        planned: items of the batch; those found in archives are numbered from there on.
    """

    def __init__(
        self, warehouse: Engine, store: ContentStore, settings: Settings, claimant: Claimant, planned: int
    ) -> None:
        self._warehouse = warehouse
        self._store = store
        self._settings = settings
        self._claimant = claimant
        self._next_item_no = planned
        self._seen: set[str] = set()
        self._cost: CostModel = cost_model(settings)
        self._limits = ArchiveLimits(
            depth=settings.archive_max_depth,
            entries=settings.archive_max_entries,
            ratio=settings.archive_max_ratio,
            bytes=settings.archive_max_bytes,
        )

    def fetch(self, item: BatchItem) -> Iterator[FetchedItem]:
        """Yield what became of an item; of an archive, after what became of its members."""
        copying = self._store.receive_file(
            path_of(item.ref.uri), name=name_of(item.ref.uri), max_bytes=self._settings.max_file_bytes
        )
        yield from self._take(item, copying, None)

    def _take(
        self, item: BatchItem, copying: AbstractContextManager[Incoming], within: _Archive | None
    ) -> Iterator[FetchedItem]:
        archive = within.content.sha256 if within else None
        sha256: str | None = None
        try:
            with copying as incoming:
                sha256 = incoming.sha256
                content = self._recognise(item, incoming, within)
                media_id, granted = self._claim(item, content, incoming, within)
        except MediumError as error:
            rejection = Rejection.of(error, uri=item.ref.uri, sha256=sha256, stage=Stage.FETCH)
            yield FetchedItem(item=item, outcome=FetchOutcome.REJECTED, rejection=rejection, archive=archive)
            return
        if not granted or sha256 in self._seen:
            yield FetchedItem(item=item, outcome=FetchOutcome.UNCHANGED, content=content, archive=archive)
            return
        self._seen.add(sha256)
        if content.kind is Kind.ARCHIVE:
            yield from self._open(item, content, media_id, within)
        else:
            yield FetchedItem(item=item, outcome=FetchOutcome.READ, content=content, archive=archive)

    def _recognise(self, item: BatchItem, incoming: Incoming, within: _Archive | None) -> Content:
        name = name_of(item.ref.uri)
        found = sniff(incoming.path, name=name)
        if found.kind is Kind.ARCHIVE and within and within.budget.depth >= self._limits.depth:
            raise ArchiveTooLarge(
                f"{name} is an archive in an archive, {within.budget.depth + 1} deep; it was not opened, "
                f"since TEXTMILL_ARCHIVE_MAX_DEPTH allows {self._limits.depth}."
            )
        return Content(
            sha256=incoming.sha256,
            bytes=incoming.bytes,
            mime=found.mime,
            kind=found.kind,
            path=str(incoming.place),
        )

    def _claim(
        self, item: BatchItem, content: Content, incoming: Incoming, within: _Archive | None
    ) -> tuple[int, bool]:
        """Register the medium and its location; returns its key and whether this batch is to read it."""

        def register(connection: Connection) -> tuple[int, bool]:
            now = utc_now()
            answer = claim_item(connection, item, content, self._claimant, now)
            if answer.granted:
                # While the medium's row is locked: whoever finds it settled and tidies up does so before.
                incoming.keep()
            note_location(
                connection,
                item.ref,
                media_id=answer.media_id,
                archive_id=within.media_id if within else None,
                refused=False,
                now=now,
            )
            if answer.held:
                LOG.warning("%s is being read by another batch or run, and left to it", name_of(item.ref.uri))
            return answer.media_id, answer.granted

        return in_transaction(self._warehouse, register)

    def _open(
        self, item: BatchItem, content: Content, media_id: int, within: _Archive | None
    ) -> Iterator[FetchedItem]:
        name = name_of(item.ref.uri)
        budget = Budget(name, content.bytes, self._limits, within.budget if within else None)
        archive = _Archive(media_id, item, content, budget)
        rejection = None
        try:
            for member in open_archive(
                path_of(content.path), content.mime, item.ref.uri, name, archive.budget
            ):
                yield from self._take_member(member, archive)
            budget.check()
        except CannotGoOn as stop:
            rejection = Rejection.of(stop.error, uri=item.ref.uri, sha256=content.sha256, stage=Stage.FETCH)
        yield FetchedItem(
            item=item,
            outcome=FetchOutcome.OPENED,
            content=content,
            rejection=rejection,
            archive=within.content.sha256 if within else None,
        )

    def _take_member(self, member: Member, archive: _Archive) -> Iterator[FetchedItem]:
        item = self._member_item(member, archive)
        if member.refusal is not None:
            rejection = Rejection.of(member.refusal, uri=member.uri, sha256=None, stage=Stage.FETCH)
            yield FetchedItem(
                item=item,
                outcome=FetchOutcome.REJECTED,
                rejection=rejection,
                archive=archive.content.sha256,
            )
            return
        copying = self._store.receive(
            member.chunks(), name=member.name, max_bytes=self._settings.max_file_bytes
        )
        yield from self._take(item, copying, archive)

    def _member_item(self, member: Member, archive: _Archive) -> BatchItem:
        ref = MediaRef(
            uri=member.uri,
            source=archive.item.ref.source,
            bytes=min(max(0, member.size), _MOST_BYTES),
            modified_ns=archive.item.ref.modified_ns,
        )
        number, self._next_item_no = self._next_item_no, self._next_item_no + 1
        return BatchItem(
            item_no=number,
            ref=ref,
            estimated_pages=self._cost.pages(ref),
            estimated_seconds=self._cost.seconds(ref),
        )

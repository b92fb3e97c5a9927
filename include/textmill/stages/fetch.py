"""Fetch: copy each item into the content store, find out what it is, and claim it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from textmill.errors import MediumError
from textmill.fetching.content_store import ContentStore
from textmill.fetching.sniffing import sniff
from textmill.records import (
    BatchItem,
    Content,
    FetchedItem,
    FetchOutcome,
    Rejection,
    Stage,
)
from textmill.settings import Settings
from textmill.staging import BatchArea, Staging, name_of, path_of, read_records, write_records
from textmill.warehouse.claims import Claim, Claimant, claim
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.locations import note_location
from textmill.warehouse.runs import note_batch, reopen_run


@dataclass
class FetchTally:
    """What became of a batch's items."""

    to_read: int = 0
    unchanged: int = 0
    rejected: int = 0
    pages_expected: int = 0
    seen: set[str] = field(default_factory=set)

    def note(self, fetched: FetchedItem) -> None:
        """Count one item."""
        match fetched.outcome:
            case FetchOutcome.READ:
                self.to_read += 1
                self.pages_expected += fetched.item.estimated_pages
            case FetchOutcome.UNCHANGED:
                self.unchanged += 1
            case FetchOutcome.REJECTED:
                self.rejected += 1


def fetch(
    warehouse: Engine, staging: Staging, settings: Settings, *, run_id: str, batch_uri: str, force: bool
) -> FetchTally:
    """Fetch the items of a batch; a broken item becomes a rejection and never fails the batch."""
    area = BatchArea.at(batch_uri)
    in_transaction(warehouse, lambda connection: reopen_run(connection, run_id))
    claimant = Claimant(run_id, area.batch_no, force, settings.claim_hours)
    tally = FetchTally()
    store = ContentStore(staging.content)
    write_records(area.fetched, _fetch_all(area, warehouse, store, settings, claimant, tally), FetchedItem)
    in_transaction(
        warehouse,
        lambda connection: note_batch(
            connection, run_id, area.batch_no, state="fetched", pages_total=tally.pages_expected
        ),
    )
    return tally


def _fetch_all(
    area: BatchArea,
    warehouse: Engine,
    store: ContentStore,
    settings: Settings,
    claimant: Claimant,
    tally: FetchTally,
) -> Iterator[FetchedItem]:
    for item in read_records(area.items, BatchItem):
        fetched = _fetch_one(item, warehouse, store, settings, claimant, tally.seen)
        tally.note(fetched)
        yield fetched


def _fetch_one(
    item: BatchItem,
    warehouse: Engine,
    store: ContentStore,
    settings: Settings,
    claimant: Claimant,
    seen: set[str],
) -> FetchedItem:
    original, name = path_of(item.ref.uri), name_of(item.ref.uri)
    sha256: str | None = None
    try:
        stored = store.put_file(original, name=name, max_bytes=settings.max_file_bytes)
        sha256 = stored.sha256
        found = sniff(stored.path, name=name)
    except MediumError as error:
        if sha256 is not None:
            store.remove(sha256)
        rejection = Rejection.of(error, uri=item.ref.uri, sha256=sha256, stage=Stage.FETCH)
        return FetchedItem(item=item, outcome=FetchOutcome.REJECTED, rejection=rejection)
    content = Content(
        sha256=sha256, bytes=stored.bytes, mime=found.mime, kind=found.kind, path=str(stored.path)
    )
    answer = in_transaction(
        warehouse, lambda connection: _register(connection, item, content, claimant, store)
    )
    if not answer.granted or sha256 in seen:
        return FetchedItem(item=item, outcome=FetchOutcome.UNCHANGED, content=content)
    seen.add(sha256)
    if not stored.path.exists():  # somebody who found the medium settled tidied up between copy and claim
        store.put_file(original, name=name, max_bytes=settings.max_file_bytes)
    return FetchedItem(item=item, outcome=FetchOutcome.READ, content=content)


def _register(
    connection: Connection, item: BatchItem, content: Content, claimant: Claimant, store: ContentStore
) -> Claim:
    now = utc_now()
    answer = claim(connection, content, claimant, now)
    if not answer.granted and not answer.held:
        # While the medium's row is locked: nobody can claim it and count on the copy meanwhile.
        store.remove(content.sha256)
    note_location(connection, item.ref, media_id=answer.media_id, refused=False, now=now)
    return answer

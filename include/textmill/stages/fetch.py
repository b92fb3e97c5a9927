"""Fetch: copy each item into the content store, find out what it is, and claim it. Archives are opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from textmill.access import Connections
from textmill.records import BatchItem, FetchedItem, FetchOutcome, FingerprintsOf, SourceSpec
from textmill.run_wishes import Reread
from textmill.settings import Settings
from textmill.stages.arriving import ArrivingItems
from textmill.stages.intake import Intake
from textmill.staging import BatchArea, Staging, read_records, write_records
from textmill.warehouse.claims import Claimant
from textmill.warehouse.connection import Transactions, in_transaction
from textmill.warehouse.readings import reopen_parts
from textmill.warehouse.runs import note_batch, reopen_run, run_key


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

    def reopen(connection: Connection) -> int:
        reopen_run(connection, run_id)
        reopen_parts(connection, run_id, area.batch_no)
        return run_key(connection, run_id)

    ingest_run_id = in_transaction(warehouse, reopen)
    fingerprints = None
    if reread is Reread.OTHER_ENGINE and fingerprints_of is not None:
        fingerprints = fingerprints_of(area.read_profile())
    claimant = Claimant(run_id, area.batch_no, reread, settings.claim_hours, fingerprints=fingerprints)
    planned, begun = _count_items(area)
    sources = _sources(staging.run(run_id).sources)
    store = staging.content_store()
    tally = FetchTally()
    # One connection for all: asking each time whether it still lives would take as long as claiming does.
    with Transactions(warehouse) as transactions:
        arriving = ArrivingItems(
            area,
            Intake(transactions, store, settings, claimant, sources, planned, ingest_run_id),
            store,
            settings,
            sources,
            connections,
            staging.journal_publisher(area),
            conditional=reread is Reread.NOTHING,
        )
        write_records(area.fetched, _counted(arriving.fetch(), tally), FetchedItem)
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


def _sources(path: Path) -> dict[str, SourceSpec]:
    """Return the sources of a run by name; those that only its items name have no settings of their own."""
    if not path.exists():
        return {}
    return {source.name: source for source in read_records(path, SourceSpec)}


def _counted(items: Iterator[FetchedItem], tally: FetchTally) -> Iterator[FetchedItem]:
    for fetched in items:
        tally.note(fetched)
        yield fetched

"""Fetched copies: needed until their text is in the warehouse, and while something of them is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import islice

from sqlalchemy import Connection

from textmill.fetching.content_store import ContentStore, StoredCopy
from textmill.fetching.journal import read_notes
from textmill.records import FetchedItem
from textmill.retention.removed import Removed
from textmill.retention.sweep import Sweep
from textmill.staging import BatchArea, read_records
from textmill.warehouse.connection import in_transaction, utc_moment
from textmill.warehouse.ended_runs import unloaded_batches
from textmill.warehouse.needed_contents import lock_content, locking_absent_rows, needed_contents

_AT_ONCE = 500


def remove_copies(sweep: Sweep) -> Removed:
    """Remove copies that were fetched so long ago and that nothing needs any more.

    Raises:
        StagingError: the files of a batch that is not loaded cannot be read, so nobody knows what it needs.
    """
    removed = Removed("fetched copies")
    before = sweep.before(sweep.periods.content)
    if before is None:
        return removed
    store = sweep.staging.content_store()
    waiting = {bytes.fromhex(sha256) for name in sweep.areas() for sha256 in _waiting(sweep, name)}
    stale = (
        copy for copy in store.copies() if _is_stale(copy, before) and bytes.fromhex(copy.name) not in waiting
    )
    locking = locking_absent_rows(sweep.warehouse)
    while chunk := list(islice(stale, _AT_ONCE)):
        with sweep.warehouse.connect() as connection:
            needed = needed_contents(connection, [copy.name for copy in chunk])
        for copy in chunk:
            if copy.name in needed:
                continue
            if sweep.dry_run or in_transaction(locking, partial(_drop, store, copy.name, before)):
                removed.note(copy.name, copy.bytes)
    return removed


def _drop(store: ContentStore, sha256: str, before: datetime, connection: Connection) -> bool:
    """Remove a copy unless it is needed by now, or was put there anew.

    Fetching puts a copy there while it has the medium's row locked. That lock is ours until this transaction
    ends, also where there is no row yet: nobody can insert one. So nothing happens between the look and the
    removal, and no copy has to be taken aside meanwhile, which object stores could not do.
    """
    lock_content(connection, sha256)
    if needed_contents(connection, [sha256]) or not _is_stale(store.find(sha256), before):
        return False
    store.remove(sha256)
    return True


def _waiting(sweep: Sweep, name: str) -> Iterator[str]:
    """Yield the contents that batches have which are not loaded: they may be cleared and go on."""
    with sweep.warehouse.connect() as connection:
        unloaded = unloaded_batches(connection, name)
    if unloaded is not None and not unloaded:
        return
    with sweep.runs.files(name) as run:
        for batch_no in run.batches():
            if unloaded is None or batch_no in unloaded:
                with run.batch(batch_no, lambda area: (area.downloads, area.fetched)) as batch:
                    yield from _contents_of(batch)


def _contents_of(batch: BatchArea) -> Iterator[str]:
    yield from (note.sha256 for note in read_notes(batch.downloads))
    if batch.fetched.exists():
        for fetched in read_records(batch.fetched, FetchedItem):
            if fetched.content is not None:
                yield fetched.content.sha256


def _is_stale(copy: StoredCopy | None, before: datetime) -> bool:
    return copy is not None and utc_moment(copy.modified) < before

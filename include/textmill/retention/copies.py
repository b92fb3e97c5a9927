"""Fetched copies: needed until their text is in the warehouse, and while something of them is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection

from textmill.fetching.content_store import ContentStore, StoredCopy
from textmill.fetching.journal import read_notes
from textmill.records import FetchedItem
from textmill.retention.removed import Removed
from textmill.retention.sweep import Sweep
from textmill.staging import RunArea, read_records
from textmill.warehouse.connection import in_transaction, utc_moment
from textmill.warehouse.ended_runs import unloaded_batches
from textmill.warehouse.needed_contents import lock_content, needed_contents

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
    waiting = {bytes.fromhex(sha256) for area in sweep.areas() for sha256 in _waiting(sweep, area)}
    stale = (one.name for one in store.copies() if _is_stale(one, before) and not _is_in(waiting, one))
    while chunk := list(islice(stale, _AT_ONCE)):
        with sweep.warehouse.connect() as connection:
            needed = needed_contents(connection, chunk)
        for sha256 in chunk:
            if sha256 not in needed:
                _remove(sweep, store, sha256, before, removed)
    return removed


def _remove(sweep: Sweep, store: ContentStore, sha256: str, before: datetime, removed: Removed) -> None:
    copy = store.find(sha256)
    if copy is None:  # a load was quicker
        return
    if sweep.dry_run or in_transaction(sweep.warehouse, partial(_drop, store, sha256, before)):
        removed.note(sha256, copy.bytes)


def _drop(store: ContentStore, sha256: str, before: datetime, connection: Connection) -> bool:
    """Remove a copy unless it is needed by now.

    Fetching keeps a copy while it has the medium's row locked, so for a medium that is known nothing happens
    between the look and the removal. An unknown one cannot be locked: its copy is taken aside before it is
    asked for again, and what fetching keeps from then on is another file.
    """
    if lock_content(connection, sha256):
        if needed_contents(connection, [sha256]) or not _is_stale(store.find(sha256), before):
            return False
        store.remove(sha256)
        return True
    aside = store.set_aside(sha256)
    if aside is None:
        return False
    if lock_content(connection, sha256) or not _is_stale(aside, before):
        store.put_back(aside, sha256)
        return False
    store.drop_incoming(aside)
    return True


def _waiting(sweep: Sweep, folder: Path) -> Iterator[str]:
    """Yield the contents that batches have which are not loaded: they may be cleared and go on."""
    area = RunArea(folder)
    with sweep.warehouse.connect() as connection:
        unloaded = unloaded_batches(connection, folder.name)
    for place in sorted(area.batches.glob("*")):
        if unloaded is not None and int(place.name) not in unloaded:
            continue
        batch = area.batch(int(place.name))
        yield from (note.sha256 for note in read_notes(batch.downloads))
        if batch.fetched.exists():
            yield from _fetched(batch.fetched)


def _fetched(path: Path) -> Iterator[str]:
    for fetched in read_records(path, FetchedItem):
        if fetched.content is not None:
            yield fetched.content.sha256


def _is_in(contents: set[bytes], copy: StoredCopy) -> bool:
    return bytes.fromhex(copy.name) in contents


def _is_stale(copy: StoredCopy | None, before: datetime) -> bool:
    return copy is not None and utc_moment(copy.modified) < before

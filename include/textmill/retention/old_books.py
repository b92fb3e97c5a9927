"""What is kept in the warehouse for a time: books of runs, closed entries of the quarantine, audits."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from textmill.retention.removed import Removed
from textmill.retention.sweep import Sweep
from textmill.warehouse.audits import old_audits, remove_audits
from textmill.warehouse.closed_entries import Closed, closed_entries, remove_entries
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.ended_runs import remove_run, unneeded_runs

_AT_ONCE = 500


def remove_closed_entries(sweep: Sweep, *, ignored: bool) -> Removed:
    """Remove entries of the quarantine that were closed so long ago, with their history.

    Args:
        ignored: those, too, that somebody chose to ignore, once their file is gone.
    """
    removed = Removed("closed quarantine entries")
    closed = _closed(sweep, ignored)
    if closed is None:
        return removed
    after = 0
    while True:
        with sweep.warehouse.connect() as connection:
            found = closed_entries(connection, closed, after=after, most=_AT_ONCE)
        if not found:
            return removed
        after = max(found)
        if not sweep.dry_run:
            work = partial(remove_entries, closed=closed, keys=found)
            found = in_transaction(sweep.warehouse, work)
        for key in found:
            removed.note(str(key))


def remove_runs(sweep: Sweep, *, ignored: bool) -> Removed:
    """Remove the books of runs that ended so long ago, and that nothing refers to.

    What refers to a run is a page, an entry of the quarantine or its history, a source that it listed last, a
    medium that it claimed and did not settle, and its own files in the staging area.
    """
    removed = Removed("runs")
    before = sweep.before(sweep.periods.run)
    if before is None:
        return removed
    # In a dry run, entries that would go are still there.
    closed = _closed(sweep, ignored) if sweep.dry_run else None
    staged = set(sweep.areas())
    after = 0
    while True:
        with sweep.warehouse.connect() as connection:
            runs = unneeded_runs(connection, before, closed=closed, after=after, most=_AT_ONCE)
        if not runs:
            return removed
        after = max(runs)
        for key, run_id in runs.items():
            if sweep.staging.run(run_id).folder.name in staged:
                continue
            if sweep.dry_run or in_transaction(sweep.warehouse, partial(remove_run, key=key, before=before)):
                removed.note(run_id)


def remove_old_audits(sweep: Sweep) -> Removed:
    """Remove audits that began so long ago, but for the latest one that came to its end."""
    removed = Removed("audits")
    before = sweep.before(sweep.periods.audit)
    if before is None:
        return removed

    def work(connection: Connection) -> list[int]:
        keys = old_audits(connection, before)
        if not sweep.dry_run:
            remove_audits(connection, keys)
        return keys

    for key in in_transaction(sweep.warehouse, work):
        removed.note(str(key))
    return removed


def _closed(sweep: Sweep, ignored: bool) -> Closed | None:
    before = sweep.before(sweep.periods.quarantine)
    return None if before is None else Closed(before, ignored)

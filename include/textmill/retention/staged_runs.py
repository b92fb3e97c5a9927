"""The staging files of runs that ended: needed while one of their batches may still be cleared."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from textmill.retention.removed import Removed
from textmill.retention.sweep import Sweep
from textmill.run_folders import RunFolders
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.ended_runs import is_over


def remove_staged_runs(sweep: Sweep) -> Removed:
    """Remove the areas of runs that ended, and were not touched, for so long.

    A folder without a run goes by its age alone: its run never opened its books, or they are gone.
    """
    removed = Removed("staging folders")
    before = sweep.before(sweep.periods.staging)
    if before is None:
        return removed
    runs = sweep.runs
    if not sweep.dry_run:
        runs.end_removals()
    for name in list(sweep.areas()):
        run = runs.find(name)
        if run is None or run.touched >= before:
            continue
        if sweep.dry_run:
            with sweep.warehouse.connect() as connection:
                goes = is_over(connection, name, before)
        else:
            goes = in_transaction(sweep.warehouse, partial(_take, runs, name, before))
        if goes:
            removed.note(name, run.bytes)
            sweep.gone.add(name)
    if not sweep.dry_run:
        runs.end_removals()
    return removed


def _take(runs: RunFolders, name: str, before: datetime, connection: Connection) -> bool:
    """Remove a folder while its run is locked: a task of it that is cleared waits, and finds no files."""
    return is_over(connection, name, before, lock=True) and runs.remove(name, before)

"""The staging files of runs that ended: needed while one of their batches may still be cleared."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from textmill.retention.removed import Removed
from textmill.retention.sweep import Sweep
from textmill.retention.trash import Trash, size_of
from textmill.staging import last_touched
from textmill.warehouse.connection import in_transaction, utc_moment
from textmill.warehouse.ended_runs import is_over


def remove_staged_runs(sweep: Sweep) -> Removed:
    """Remove the areas of runs that ended, and were not touched, for so long.

    A folder without a run goes by its age alone: its run never opened its books, or they are gone.
    """
    removed = Removed("staging folders")
    before = sweep.before(sweep.periods.staging)
    if before is None:
        return removed
    trash = Trash(sweep.staging.root / "removing")
    if not sweep.dry_run:
        trash.empty()
    for folder in sweep.areas():
        if not _is_old(folder, before):
            continue
        size = size_of(folder)
        if sweep.dry_run:
            with sweep.warehouse.connect() as connection:
                goes = is_over(connection, folder.name, before)
        else:
            goes = in_transaction(sweep.warehouse, partial(_take, trash, folder, before))
        if goes:
            removed.note(folder.name, size)
            sweep.gone.add(folder.name)
    if not sweep.dry_run:
        trash.empty()
    return removed


def _take(trash: Trash, folder: Path, before: datetime, connection: Connection) -> bool:
    """Take a folder away while its run is locked: a task of it that is cleared waits, and finds no files."""
    if not is_over(connection, folder.name, before, lock=True) or not _is_old(folder, before):
        return False
    trash.take(folder)
    return True


def _is_old(folder: Path, before: datetime) -> bool:
    return folder.is_dir() and utc_moment(last_touched(folder)) < before

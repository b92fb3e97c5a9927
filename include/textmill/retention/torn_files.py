"""Halves of files that killed tasks left: nobody ever reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from textmill.retention.removed import Removed
from textmill.retention.sweep import Sweep
from textmill.warehouse.connection import utc_moment


def remove_torn_files(sweep: Sweep) -> Removed:
    """Remove halves of files that nothing was written to for so long.

    No task lives for a day: fetching and reading, the longest, are ended after two and six hours.
    """
    removed = Removed("torn files")
    before = sweep.before(sweep.periods.torn)
    if before is None:
        return removed
    store = sweep.staging.content_store()
    for file in store.incoming():
        if utc_moment(file.modified) < before:
            if not sweep.dry_run:
                store.drop_incoming(file)
            removed.note(file.name, file.bytes)
    for path in _halves(sweep):
        with suppress(FileNotFoundError):  # its task finishes it at this moment
            state = path.stat()
            if utc_moment(state.st_mtime) < before:
                if not sweep.dry_run:
                    path.unlink()
                removed.note(path.name, state.st_size)
    return removed


def _halves(sweep: Sweep) -> Iterator[Path]:
    for name in sweep.areas():
        yield from sweep.runs.torn_files(name)

"""All kinds of removal, in the order in which one makes room for the next."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from textmill.access import Connections
from textmill.retention.copies import remove_copies
from textmill.retention.data_docs import remove_data_docs
from textmill.retention.old_books import remove_closed_entries, remove_old_audits, remove_runs
from textmill.retention.periods import Periods
from textmill.retention.removed import Removed
from textmill.retention.staged_runs import remove_staged_runs
from textmill.retention.sweep import Sweep
from textmill.retention.torn_files import remove_torn_files
from textmill.settings import Settings
from textmill.staging import Staging


def clean(
    warehouse: Engine,
    staging: Staging,
    settings: Settings,
    connections: Connections,
    *,
    periods: Periods,
    now: datetime,
    dry_run: bool = False,
    ignored: bool = False,
) -> list[Removed]:
    """Remove what was kept for long enough and is not needed; returns what went, or would, by kind.

    May be killed at any moment and repeated. Copies come after the staging areas that need them, runs after
    the entries that refer to them.

    Args:
        now: in UTC without a time zone.
        ignored: remove entries that are ignored, too, once their file is gone.
    """
    sweep = Sweep(warehouse, staging, periods, now, dry_run)
    return [
        remove_staged_runs(sweep),
        remove_copies(sweep),
        remove_torn_files(sweep),
        remove_data_docs(sweep, settings, connections),
        remove_closed_entries(sweep, ignored=ignored),
        remove_runs(sweep, ignored=ignored),
        remove_old_audits(sweep),
    ]

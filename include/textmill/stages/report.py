"""Report: close the books of a run, and fail it when something did not get through."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.exc import NoResultFound

from textmill.errors import BatchFailed
from textmill.fetching.content_store import ContentStore
from textmill.settings import Settings
from textmill.staging import Staging
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.quarantining import open_contents
from textmill.warehouse.reporting import RunSummary, run_summary
from textmill.warehouse.runs import finish_run


def report(warehouse: Engine, staging: Staging, settings: Settings, *, run_id: str) -> RunSummary:
    """Write the run's totals and return them.

    Raises:
        BatchFailed: a batch did not reach the warehouse; the totals are written all the same.
    """
    try:
        unfinished = in_transaction(warehouse, lambda connection: finish_run(connection, run_id, utc_now()))
    except NoResultFound:
        raise BatchFailed("The run never began: see the log of the task discover.") from None
    _tidy_up(warehouse, staging, settings, run_id)
    if unfinished:
        raise BatchFailed(
            f"{len(unfinished)} part(s) of the run did not get through: {', '.join(unfinished)}. "
            f"See the log of the failed task; clearing it continues where it stopped."
        )
    return run_summary(warehouse, run_id)


def _tidy_up(warehouse: Engine, staging: Staging, settings: Settings, run_id: str) -> None:
    staging.remove_older_than(settings.retention_days, keep=run_id)
    quarantined = in_transaction(warehouse, open_contents)
    ContentStore(staging.content).remove_older_than(settings.retention_days, keep=quarantined)

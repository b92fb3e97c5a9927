"""Report: close the books of a run, and fail it when something did not get through."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import NoResultFound

from textmill.errors import BatchFailed
from textmill.fetching.content_store import ContentStore
from textmill.records import SourceProblem
from textmill.settings import Settings
from textmill.staging import Staging, read_records
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.quarantining import open_contents
from textmill.warehouse.reporting import RunSummary, run_summary
from textmill.warehouse.runs import finish_run


def report(warehouse: Engine, staging: Staging, settings: Settings, *, run_id: str) -> RunSummary:
    """Write the run's totals and return them.

    Raises:
        BatchFailed: a batch did not reach the warehouse; the totals are written all the same.
    """
    unfinished = close_books(warehouse, staging, run_id)
    _tidy_up(warehouse, staging, settings, run_id)
    if unfinished:
        raise BatchFailed(
            f"Not all of the run got through: {'; '.join(one.rstrip('.') for one in unfinished)}. "
            f"See the log of the failed task; clearing it continues where it stopped."
        )
    return run_summary(warehouse, run_id)


def close_books(warehouse: Engine, staging: Staging, run_id: str) -> tuple[str, ...]:
    """Write the run's totals and return what did not get through, in words; empty is good.

    Raises:
        BatchFailed: there are no books: discovery did not even begin.
    """
    problems = _problems(staging, run_id)
    try:
        return in_transaction(
            warehouse, lambda connection: finish_run(connection, run_id, utc_now(), problems=problems)
        )
    except NoResultFound:
        raise BatchFailed("The run never began: see the log of the task discover.") from None


def _problems(staging: Staging, run_id: str) -> list[str]:
    path = staging.run(run_id).problems
    if not path.exists():  # discovery did not get that far
        return []
    return [f"the source {one.source}: {one.message}" for one in read_records(path, SourceProblem)]


def _tidy_up(warehouse: Engine, staging: Staging, settings: Settings, run_id: str) -> None:
    staging.remove_older_than(settings.retention_days, keep=run_id)
    # Somebody may think again about what was closed lately.
    lately = utc_now() - timedelta(days=settings.retention_days)
    with warehouse.connect() as connection:
        quarantined = open_contents(connection, closed_since=lately)
    ContentStore(staging.content).remove_older_than(settings.retention_days, keep=quarantined)

"""### What was loaded, as Parquet

Writes documents, pages and lines into a folder or an object store, one partition for each day (UTC) on which
they were loaded: `pages/loaded_on=2026-11-24/part-….parquet`, for pandas, DuckDB, Spark and the like.

```
find_days → export_days × group of days
```

* As it stands, it exports every day of which the destination has not what the warehouse has: new days, days
  that gained pages, and days that lost some since those were read again later.
* A partition is replaced whole: killed at any moment, the task leaves the old one or the new one.
* All tables of a day are of one moment, whatever is loaded meanwhile.
* Without a schedule it runs when somebody triggers it; with `TEXTMILL_EXPORT_AFTER_RUNS=true` it follows
  every run of `media_ingest` that loaded text.
* Pool `export`: one day at a time.
"""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import ExceptionRetryPolicy, Param, RetryAction, RetryRule, dag, get_current_context, task

from textmill_airflow.assets import MEDIA_TEXT
from textmill_airflow.connections import AirflowConnections
from textmill_airflow.context import settings, warehouse

if TYPE_CHECKING:
    from textmill.exports.days.destination import Destination
    from textmill.exports.days.tables import ExportedTable

LOG = logging.getLogger(__name__)

_TABLES = ["documents", "pages", "lines"]
_MOST_GROUPS = 200
"""Mapped tasks; of more days, several go into one."""

PARAMS = {
    "first_day": Param(
        None,
        type=["null", "string"],
        format="date",
        title="From day",
        description="The first day (UTC) that is looked at. Empty: from the first of all.",
    ),
    "last_day": Param(
        None,
        type=["null", "string"],
        format="date",
        title="To day",
        description="The last day that is looked at. Empty: to the last of all.",
    ),
    "tables": Param(
        _TABLES,
        type="array",
        items={"type": "string", "enum": _TABLES},
        examples=_TABLES,
        uniqueItems=True,
        minItems=1,
        title="Tables",
        description="What is exported.",
    ),
    "full": Param(
        False,
        type="boolean",
        title="Everything",
        description="Also days that are up to date.",
    ),
    "dry_run": Param(
        False,
        type="boolean",
        title="Dry run",
        description="Only tell, in the log and the XCom of find_days, which days would be exported.",
    ),
    "destination": Param(
        "",
        type=["string", "null"],
        title="Destination",
        description="A folder that this machine sees, or s3://BUCKET/PREFIX. "
        "Empty: what TEXTMILL_EXPORTS says.",
    ),
    "connection": Param(
        "",
        type=["string", "null"],
        title="Connection",
        description="Id of the Airflow connection by which an object store is written. "
        "Empty: what TEXTMILL_EXPORTS_CONNECTION says.",
    ),
}

RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="textmill.errors.SourceError",
            action=RetryAction.FAIL,
            reason="The same attempt would fail again",
        )
    ]
)


@dag(
    schedule=[MEDIA_TEXT] if settings().export_after_runs else None,
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    doc_md=__doc__,
    params=PARAMS,
    tags=["textmill", "export"],
    default_args={
        "owner": "textmill",
        "retries": 3,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=10),
        "retry_policy": RETRIES,
        "execution_timeout": timedelta(hours=6),
    },
)
def media_export() -> None:
    """Wire the two steps; what they do is in `textmill.exports.days`."""

    @task
    def find_days() -> list[list[str]]:
        """Find the days of which the destination has not what the warehouse has."""
        from textmill.exports.days.exporting import days_to_export, in_groups
        from textmill.exports.days.states import DayRange

        params = get_current_context()["params"]
        days = DayRange(_day(params["first_day"]), _day(params["last_day"]))
        with warehouse() as engine:
            found = days_to_export(
                engine, _destination(params), days=days, tables=_tables(params), full=params["full"]
            )
        LOG.info("To be exported: %s", ", ".join(map(str, found)) or "nothing")
        return [] if params["dry_run"] else in_groups([str(day) for day in found], _MOST_GROUPS)

    @task(pool="export")
    def export_days(days: list[str]) -> None:
        """Bring the partitions of some days up to date."""
        from textmill.exports.days.exporting import export_day

        params = get_current_context()["params"]
        destination = _destination(params)
        with warehouse() as engine:
            for day in map(date.fromisoformat, days):
                for done in export_day(engine, destination, day, tables=_tables(params), full=params["full"]):
                    LOG.info(
                        "%s %s: %s, %d rows in %d files", day, done.table, done.action, done.rows, done.files
                    )

    export_days.expand(days=find_days())


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _tables(params: Any) -> list[ExportedTable]:
    from textmill.exports.days.tables import ExportedTable

    return [ExportedTable(name) for name in params["tables"]]


def _destination(params: Any) -> Destination:
    from textmill.exports.days.exporting import open_destination

    known = settings()
    location = params["destination"] or known.exports
    return open_destination(
        location, AirflowConnections(), params["connection"] or known.exports_connection or None
    )


media_export()

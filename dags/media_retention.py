"""### What is no longer needed goes

Removes every morning what was kept for long enough: staging files of runs that ended, copies of media, closed
entries of the quarantine, books of runs that nothing refers to, reports of the quality gate, old audits, and
halves of files.

* **Dry run** tells what would go, by kind, with counts and bytes, and touches nothing.
* Never touched: what a run that goes on needs, what is in quarantine and not closed, runs that pages name.
* Each time is a setting (`TEXTMILL_RETENTION_…`); the form takes others for one run. All is explained in
  `docs/upkeep.md`.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import (
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    dag,
    get_current_context,
    task,
)

from textmill_airflow.connections import AirflowConnections
from textmill_airflow.context import settings, staging_access, warehouse
from textmill_airflow.run_wishes import refuse_unknown
from textmill_airflow.timetables import WholeIntervalTimetable

LOG = logging.getLogger(__name__)
SETTINGS = settings()


def _days(default: int, title: str, description: str) -> Param:
    return Param(
        default,
        type=["integer", "null"],
        minimum=0,
        title=title,
        description=f"{description} 0 or empty: for ever.",
        section="Days for which things are kept",
    )


PARAMS = {
    "dry_run": Param(
        False,
        type="boolean",
        title="Dry run",
        description="Only tell what would go: in the log and the XCom of the task clean.",
    ),
    "include_ignored": Param(
        False,
        type="boolean",
        title="Ignored entries, too",
        description="Remove entries of the quarantine that are ignored, too, when their file is gone.",
    ),
    "staging_days": _days(
        SETTINGS.retention_days,
        "Staging files",
        "Of runs that ended. Until then, their tasks can be cleared and go on where they stopped.",
    ),
    "content_days": _days(SETTINGS.retention_content_days, "Copies", "Of media that nothing needs any more."),
    "torn_days": _days(
        SETTINGS.retention_torn_days, "Halves of files", "Left behind by tasks that were killed."
    ),
    "data_docs_days": _days(
        SETTINGS.retention_data_docs_days, "Reports", "Of the quality gate (Data Docs), on runs that ended."
    ),
    "quarantine_days": _days(
        SETTINGS.retention_quarantine_days,
        "Quarantine entries",
        "That are resolved, or whose file is gone, with their history; since they were closed.",
    ),
    "run_days": _days(
        SETTINGS.retention_run_days,
        "Books of runs",
        "That no page, entry or source names. Views by day know nothing of a run whose books are gone.",
    ),
    "audit_days": _days(SETTINGS.retention_audit_days, "Audits", "All but the latest."),
}

# What a retry cannot mend fails at once.
RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=["textmill.errors.SourceError", "textmill.errors.StagingError"],
            action=RetryAction.FAIL,
            reason="The same attempt would fail again",
        ),
    ]
)


@dag(
    schedule=WholeIntervalTimetable("30 4 * * *", timezone="UTC"),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    doc_md=__doc__,
    params=PARAMS,
    tags=["textmill"],
    default_args={
        "owner": "textmill",
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
        "retry_policy": RETRIES,
        "execution_timeout": timedelta(hours=2),
    },
)
def media_retention() -> None:
    """Wire the one task; what it does is in `textmill.retention`."""

    @task
    def clean() -> dict[str, dict[str, Any]]:
        """Remove what goes; returns how much that was, or would be, by kind."""
        from textmill.retention import Periods
        from textmill.retention import clean as remove
        from textmill.warehouse.connection import utc_now

        params = get_current_context()["params"]
        refuse_unknown(params, PARAMS)
        with warehouse() as engine, staging_access().of_all() as staging:
            removed = remove(
                engine,
                staging,
                settings(),
                AirflowConnections(),
                periods=Periods.wished(params),
                now=utc_now(),
                dry_run=params["dry_run"],
                ignored=params["include_ignored"],
            )
        for one in removed:
            LOG.info("%s %s", "Would remove" if params["dry_run"] else "Removed", one.in_words())
        return {one.kind: one.figures() for one in removed}

    clean()


media_retention()

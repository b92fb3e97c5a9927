"""### Do staging area, checkpoints and warehouse agree?

Looks every morning whether each medium that was discovered is in exactly one state, whether counts are what
files and rows say, whether every row refers to something, and whether the copies of what is in quarantine are
there.

* It reads everything and changes nothing. What disagrees is in the view `v_audit`, and in the task's log as
  sentences with what to do; then the run **fails**.
* Runs of `media_ingest` that go on are left out: their unfinished business is no disagreement.
* `make audit` does the same from the command line. All rules are explained in `docs/upkeep.md`.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from airflow.sdk import (
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    dag,
    get_current_context,
    task,
)

from textmill_airflow.context import settings, staging_access, warehouse
from textmill_airflow.run_wishes import refuse_unknown
from textmill_airflow.timetables import WholeIntervalTimetable

LOG = logging.getLogger(__name__)

PARAMS = {
    "sample_content": Param(
        100,
        type=["integer", "null"],
        minimum=0,
        title="Copies to hash",
        description="How many of the copies in the content store are read to see whether their bytes are "
        "what they were; drawn by lot. Empty: all of them.",
    ),
}

# What disagrees now disagrees in ten seconds, too.
RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=["textmill.errors.Disagreement", "textmill.errors.SourceError"],
            action=RetryAction.FAIL,
            reason="The same attempt would fail again",
        ),
    ]
)


@dag(
    # After media_retention, which removes what nothing refers to.
    schedule=WholeIntervalTimetable("0 5 * * *", timezone="UTC"),
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
def textmill_audit() -> None:
    """Wire the one task; what it does is in `textmill.auditing`."""

    @task
    def audit() -> dict[str, int]:
        """Look at all rules; returns how many findings each has that does not hold."""
        from textmill.auditing import Audited
        from textmill.auditing import audit as look
        from textmill.errors import Disagreement
        from textmill.warehouse.connection import utc_now

        params = get_current_context()["params"]
        refuse_unknown(params, PARAMS)
        with warehouse() as engine, staging_access().of_all() as staging:
            report = look(
                Audited(
                    warehouse=engine,
                    staging=staging,
                    now=utc_now(),
                    stuck_hours=settings().claim_hours,
                    sample_content=params["sample_content"],
                )
            )
        for line in report.in_words():
            LOG.log(logging.ERROR if report.total else logging.INFO, "%s", line)
        if report.total:
            raise Disagreement(
                f"Staging area and warehouse disagree in {report.total} places ({', '.join(report.counts)}): "
                f"see the log above, or v_audit where audit_id is {report.key}."
            )
        return dict(report.counts)

    audit()


textmill_audit()

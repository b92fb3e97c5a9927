"""### Decide about what is in quarantine

Tries entries of the quarantine again, or notes that they are resolved, to be ignored, or open after all.
Entries are picked by reason, source, date, name or number. **As it stands, the form only lists what fits**
(*Dry run*).

```
list_entries → choose_way → decide
                          ↘ reopen → ingest → wait → tell
```

| action | takes | of those given by number also | does |
|---|---|---|---|
| retry | what is open | what is ignored | reads it in a run of `media_ingest`, and tells what became of it |
| resolve | what is open | what is ignored | closes it; when it is refused again, it opens again |
| ignore | what is open | | closes it; no run tries it by itself |
| reopen | what is ignored | what was resolved | takes that back |

* Every change is an event, with the note that was given: see `v_quarantine_history`.
* The log and the XCom of `list_entries` have the entries by reason and source, and the first twenty with
  their sentences; those of `tell` have what became of them.
* For another try, trigger another run: one that is cleared starts no second run of `media_ingest`.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import (
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    dag,
    get_current_context,
    task,
)

from textmill.sources.catalogue import catalogue_names
from textmill_airflow.context import settings, warehouse
from textmill_airflow.quarantine_params import condition_params, ingest_conf, request_from

if TYPE_CHECKING:
    from textmill.quarantine_requests import QuarantineRequest

LOG = logging.getLogger(__name__)
SETTINGS = settings()
SOURCES = list(catalogue_names(SETTINGS.sources_file))
INGEST = "media_ingest"
RUN_ID = "quarantine_retry__{{ run_id }}"
"""One run for each run of this DAG: a task that is tried again finds the run that it started before."""

PARAMS = {
    "action": Param(
        "retry",
        enum=["retry", "resolve", "ignore", "reopen"],
        values_display={
            "retry": "retry: read them again",
            "resolve": "resolve: they are dealt with",
            "ignore": "ignore: leave them alone from now on",
            "reopen": "reopen: take that back",
        },
        title="Action",
        description="What is done with the entries that fit.",
    ),
    "dry_run": Param(
        True,
        type="boolean",
        title="Dry run",
        description="Only list what fits: in the log and the XCom of the task list_entries.",
    ),
    "note": Param(
        "",
        type=["string", "null"],
        maxLength=2000,
        title="Note",
        description="Kept with the entries and in their history: why, by whom, what was agreed.",
    ),
    **condition_params(SOURCES, section="Which entries", source_title="Source"),
    "all": Param(
        False,
        type="boolean",
        title="All of them",
        description="Resolve, ignore or reopen whatever is in quarantine, when nothing else is said.",
        section="Which entries",
    ),
    "allow_private": Param(
        False,
        type="boolean",
        title="Allow private addresses",
        description="Let URLs of a list that somebody typed lead into private networks and to this machine. "
        "Sources of the catalogue say so themselves.",
        section="Another try",
    ),
}


def _request() -> QuarantineRequest:
    return request_from(get_current_context()["params"], PARAMS)


@dag(
    schedule=None,
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=4,
    doc_md=__doc__,
    params=PARAMS,
    tags=["textmill", "quarantine"],
    user_defined_macros={"ingest_conf": ingest_conf},
    default_args={
        "owner": "textmill",
        "retries": 3,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
        "retry_policy": ExceptionRetryPolicy(
            rules=[
                RetryRule(
                    exception=["textmill.errors.SourceError", "textmill.errors.BatchFailed"],
                    action=RetryAction.FAIL,
                    reason="The same attempt would fail again",
                )
            ]
        ),
        "execution_timeout": timedelta(hours=1),
    },
)
def quarantine_retry() -> None:
    """Wire the steps; what they do is in `textmill.stages.quarantine`."""
    ingest = TriggerDagRunOperator(
        task_id="ingest",
        trigger_dag_id=INGEST,
        trigger_run_id=RUN_ID,
        conf="{{ ingest_conf(params) | tojson }}",
        # A run with a date would stand for the media of that day alone.
        logical_date=None,
        skip_when_already_exists=True,
    )
    found, waiting = list_entries(), wait(RUN_ID)
    way = choose_way(found)
    # Also what is skipped when the run was started before leads to waiting for it.
    way >> [decide(), waiting]
    way >> reopen() >> ingest >> waiting >> tell(RUN_ID, waiting)


@task
def list_entries() -> dict[str, Any]:
    """List the entries that fit, by reason and source, and the first of them with their sentences."""
    from textmill.stages.quarantine import look

    with warehouse() as engine:
        found = look(engine, _request())
    LOG.info("%s", found.in_words())
    return asdict(found)


@task.branch
def choose_way(found: dict[str, Any]) -> list[str]:
    """Go no further in a dry run, or when nothing fits."""
    if get_current_context()["params"]["dry_run"] or not found["entries"]:
        return []
    return ["reopen"] if found["action"] == "retry" else ["decide"]


@task(pool="mysql")
def decide() -> int:
    """Resolve, ignore or reopen the entries that fit."""
    from textmill.stages.quarantine import decide as run_stage

    with warehouse() as engine:
        changed = run_stage(engine, _request())
    LOG.info("%d entries changed", changed)
    return changed


@task(pool="mysql")
def reopen() -> int:
    """Open those of the entries given by number that are ignored: what is open is tried."""
    from textmill.stages.quarantine import decide as run_stage

    with warehouse() as engine:
        return run_stage(engine, _request())


@task.sensor(
    mode="reschedule",
    poke_interval=10,
    timeout=timedelta(days=7).total_seconds(),
    trigger_rule="none_failed",
    pool="default_pool",
)
def wait(ingest_run: str) -> Any:
    """Wait for the end of the run, without holding a slot meanwhile; hands on how it ended."""
    from airflow.sdk import PokeReturnValue

    state = get_current_context()["ti"].get_dagrun_state(INGEST, ingest_run)
    return PokeReturnValue(is_done=state in ("success", "failed"), xcom_value=str(state))


@task
def tell(ingest_run: str, state: str) -> dict[str, Any]:
    """Tell what became of the entries, and fail when the run that tried them did."""
    from textmill.errors import BatchFailed
    from textmill.stages.quarantine import outcome

    with warehouse() as engine:
        became = outcome(engine, _request(), run_id=ingest_run)
    LOG.info("%s", became.in_words())
    if state == "failed":
        raise BatchFailed(f"{became.in_words()} The run failed: see the log of its failed task.")
    return asdict(became)


quarantine_retry()

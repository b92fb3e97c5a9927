"""### New files start a run

Starts a run of `media_ingest` over the inbox (`TEXTMILL_INBOX`) whenever new or changed files have come to
rest there, and waits for its end. What arrives meanwhile is taken by the next run: there is never more than
one.

* The folder is watched in the triggerer; the event says how many files were new.
* Files that are still being written are waited for (`TEXTMILL_STABLE_SECONDS`).
* Whether the media could be read is the business of the run of `media_ingest`: this one only rings the bell.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import dag

from textmill_airflow.assets import inbox
from textmill_airflow.context import settings

SETTINGS = settings()
FOLDER = str(Path(SETTINGS.inbox).expanduser().absolute()) if SETTINGS.inbox else ""


def media_inbox() -> None:
    """Wire the one task."""
    TriggerDagRunOperator(
        task_id="ingest",
        trigger_dag_id="media_ingest",
        conf={"source": FOLDER},
        # A run with a date would stand for the media of that day alone.
        logical_date=None,
        wait_for_completion=True,
        # Waiting takes no slot; the triggerer is there, or nobody would have noticed the files.
        deferrable=True,
        poke_interval=5,
        allowed_states=["success", "failed"],
        failed_states=[],
    )


if FOLDER:
    dag(
        schedule=[inbox(FOLDER, quiet_seconds=SETTINGS.stable_seconds)],
        catchup=False,
        is_paused_upon_creation=False,
        max_active_runs=1,
        doc_md=__doc__,
        tags=["textmill"],
        default_args={
            "owner": "textmill",
            "retries": 4,
            "retry_delay": timedelta(seconds=10),
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=5),
        },
    )(media_inbox)()

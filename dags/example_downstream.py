"""### An example: the words of the day

Shows how a DAG of yours follows Textmill. It starts whenever a run of `media_ingest` has loaded text, asks
the event which run that was, and recounts the words of the days on which that run loaded documents:

```sql
SELECT keyword, documents, occurrences FROM example_keyword_daily
WHERE day = UTC_DATE() ORDER BY documents DESC LIMIT 20;
```

* One event per run: it carries `run_id`, `source`, `media_loaded`, `media_quarantined` and `pages_loaded`.
* Runs that end while this DAG is at work are taken together by its next run.
* A day is replaced as a whole, in one transaction, with its 1,000 most widespread words: counting it again
  changes nothing.
* By hand, trigger it with a *day*; without one it counts today.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

from airflow.sdk import Param, dag, get_current_context, task

from textmill_airflow.assets import MEDIA_TEXT
from textmill_airflow.context import warehouse

LOG = logging.getLogger(__name__)


@dag(
    schedule=[MEDIA_TEXT],
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    doc_md=__doc__,
    params={
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="The day (UTC) whose words are counted again, when nothing was loaded just now.",
        )
    },
    tags=["textmill", "example"],
    default_args={
        "owner": "textmill",
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(hours=1),
    },
)
def example_downstream() -> None:
    """Wire the two steps; what they do is in `textmill.example`."""

    @task
    def days() -> list[str]:
        """Find the days on which the runs that started this one loaded documents."""
        from textmill.example.keyword_days import days_of_runs

        context = get_current_context()
        events = context["triggering_asset_events"].get(MEDIA_TEXT, [])
        # An event that somebody made by hand may name no run.
        runs = [event.extra["run_id"] for event in events if "run_id" in event.extra]
        if not runs:
            return [context["params"]["day"] or str(datetime.now(UTC).date())]
        with warehouse() as engine:
            found = days_of_runs(engine, runs)
        return [str(day) for day in found]

    @task
    def count_words(day: str) -> None:
        """Replace the words of one day."""
        from textmill.example.keyword_days import recount_day

        with warehouse() as engine:
            keywords = recount_day(engine, date.fromisoformat(day))
        LOG.info("%s has %d keywords; foremost: %s", day, len(keywords), [one.word for one in keywords[:5]])

    count_words.expand(day=days())


example_downstream()

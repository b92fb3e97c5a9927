"""DAG files parse fast, import nothing heavy, and say what they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.sdk import DAG

HEAVY = ("cv2", "paddleocr", "paddlex", "onnxruntime", "pandas", "numpy", "pyarrow", "great_expectations")
TASKS = {"discover", "plan", "batch.fetch", "batch.ocr", "batch.validate", "batch.load", "report", "publish"}


@pytest.fixture(scope="module")
def dags(repository: Path) -> dict[str, DAG]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(repository / "dags")
    assert bag.import_errors == {}
    return dict(bag.dags)


@pytest.fixture(scope="module")
def media_ingest(dags: dict[str, DAG]) -> DAG:
    return dags["media_ingest"]


def test_the_dags_are_these(dags: dict[str, DAG]) -> None:
    assert set(dags) == {
        "media_export",
        "media_ingest",
        "media_retention",
        "quarantine_retry",
        "textmill_audit",
        "example_downstream",
    }


def test_parsing_is_quick_and_imports_nothing_heavy(repository: Path) -> None:
    """What is measured is the file's own share: Airflow itself is there already when it parses a file."""
    program = (
        "import json, sys, time, pydantic_settings\n"
        "from airflow.sdk import *\n"
        "before = time.process_time(); import media_ingest\n"
        f"print(json.dumps([time.process_time() - before, [m for m in {HEAVY!r} if m in sys.modules]]))"
    )
    paths = [repository / "dags", repository / "plugins", repository / "include"]
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, heavy = json.loads(done.stdout.splitlines()[-1])
    assert heavy == []
    assert seconds < 0.5


def test_stages_stand_in_order(media_ingest: DAG) -> None:
    assert set(media_ingest.task_ids) == TASKS
    chain = ["discover", "plan", "batch.fetch", "batch.ocr", "batch.validate", "batch.load", "report"]
    for earlier, later in pairwise(chain):
        assert later in media_ingest.get_task(earlier).downstream_task_ids


def test_the_books_of_a_run_that_is_cleared_are_not_closed_before_it_is_planned(media_ingest: DAG) -> None:
    assert "plan" in media_ingest.get_task("report").upstream_task_ids


def test_it_runs_every_night_and_catches_nothing_up(media_ingest: DAG) -> None:
    assert media_ingest.timetable.summary == "0 0 * * *"
    assert media_ingest.catchup is False


def test_each_further_schedule_of_the_catalogue_has_a_dag_of_its_own(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setattr("textmill.sources.catalogue.schedules", lambda path: {"hourly": "5 * * * *"})
    bag = DagBag(repository / "dags")
    assert bag.import_errors == {}
    assert {"media_ingest", "media_ingest_hourly"} <= set(bag.dags)
    hourly = bag.dags["media_ingest_hourly"]
    assert hourly.timetable.summary == "5 * * * *"
    assert hourly.get_task("discover").op_args == ("hourly",)
    assert set(hourly.task_ids) == TASKS


def test_a_backfill_has_one_run_for_each_of_its_days(media_ingest: DAG) -> None:
    """As Airflow counts them, from the DAG as it is stored: the same for the form, the CLI and the API."""
    from airflow.serialization.serialized_objects import DagSerialization

    stored = DagSerialization.from_dict(DagSerialization.to_dict(media_ingest))
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in range(10, 16)]
    by_command = stored.iter_dagrun_infos_between(days[0], days[4])
    # The form sends the last moment of the last day.
    by_form = stored.iter_dagrun_infos_between(days[0], days[5] - timedelta(milliseconds=1))
    for infos in (by_command, by_form):
        spans = [info.data_interval for info in infos]
        assert [(span.start, span.end) for span in spans if span] == list(pairwise(days))


def test_it_documents_itself(media_ingest: DAG) -> None:
    assert media_ingest.doc_md and "quarantine" in media_ingest.doc_md
    for name in media_ingest.params:
        param = media_ingest.params.get_param(name)
        assert param.description, name
        assert param.schema.get("title"), name
        # What has no section stands in the one that is open from the start.
        in_what = ("source", "reread", "allow_private", "dry_run")
        assert param.schema.get("section") or name in in_what, name


def test_params_refuse_nonsense(media_ingest: DAG) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    for name, value in [
        ("dpi", 5000),
        ("engine", "abbyy"),
        ("languages", ["<x>"]),
        ("source", 5),
        ("reread", "some"),
        ("dry_run", "yes"),
        ("quarantine_reasons", ["bad_luck"]),
        ("quarantine_since", "last week"),
        ("max_batches", 1024),
        ("preprocessing", "polish"),
        ("preprocessing", "deskew,"),
        ("text_layer", "maybe"),
        ("video_interval_seconds", 0),
    ]:
        with pytest.raises(ParamValidationError):
            media_ingest.params.get_param(name).resolve(value)


def test_params_take_what_the_form_sends_for_fields_that_were_emptied(media_ingest: DAG) -> None:
    nullable = ("reasons", "source", "since", "until", "ids", "name")
    for name in ("source", *(f"quarantine_{name}" for name in nullable)):
        assert media_ingest.params.get_param(name).resolve(None) is None


@pytest.mark.parametrize("wish", ["auto", "none", "deskew", "threshold, deskew,orientation"])
def test_preprocessing_takes_steps_in_any_order(media_ingest: DAG, wish: str) -> None:
    assert media_ingest.params.get_param("preprocessing").resolve(wish) == wish


def test_every_task_is_bounded_in_time_and_tried_again(media_ingest: DAG) -> None:
    for task in media_ingest.tasks:
        assert task.execution_timeout is not None, task.task_id
        assert task.retries >= 2, task.task_id
        assert task.retry_exponential_backoff, task.task_id


def test_ocr_fetch_and_load_have_pools_of_their_own(media_ingest: DAG) -> None:
    pools = {task.task_id: task.pool for task in media_ingest.tasks}
    assert pools["batch.ocr"] == "ocr_gpu"
    assert pools["batch.fetch"] == "fetch"
    assert pools["batch.load"] == "mysql"


UPKEEP = ("media_retention", "textmill_audit")


@pytest.mark.parametrize("name", UPKEEP)
def test_upkeep_runs_every_day_behind_the_night_and_never_beside_itself(
    dags: dict[str, DAG], name: str
) -> None:
    dag = dags[name]
    minute, hour, *days = dag.timetable.summary.split()
    assert (int(hour) * 60 + int(minute), days) > (180, []) and set(days) == {"*"}
    assert type(dag.timetable).__name__ == "WholeIntervalTimetable"  # waits for its hour when it is new
    assert dag.catchup is False and dag.max_active_runs == 1


@pytest.mark.parametrize("name", UPKEEP)
def test_upkeep_documents_itself_and_its_params(dags: dict[str, DAG], name: str) -> None:
    dag = dags[name]
    assert dag.doc_md and "docs/upkeep.md" in dag.doc_md and dag.tags
    for param in map(dag.params.get_param, dag.params):
        assert param.description and param.schema.get("title")
    for task in dag.tasks:
        assert task.execution_timeout is not None and task.retries >= 2 and task.owner == "textmill"


def test_every_time_is_a_param_with_the_setting_as_default(dags: dict[str, DAG]) -> None:
    from textmill.retention import Periods
    from textmill.settings import load

    params = dags["media_retention"].params
    named = {name: params[name] for name in params if name.endswith("_days")}
    assert Periods.wished(named) == Periods.of(load())
    for name in named:
        assert params.get_param(name).resolve(None) is None
    assert params["dry_run"] is False

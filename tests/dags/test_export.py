"""The DAG of exports documents itself, is bounded, and can follow the runs that load text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.sdk import DAG


def media_export(repository: Path) -> DAG:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(repository / "dags" / "media_export.py")
    assert bag.import_errors == {}
    return bag.dags["media_export"]


def test_it_documents_itself_and_is_bounded(repository: Path) -> None:
    dag = media_export(repository)
    assert dag.doc_md and "Parquet" in dag.doc_md
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.description and param.schema.get("title"), name
    for task in dag.tasks:
        assert task.execution_timeout is not None
        assert task.retries >= 2
        assert task.owner == "textmill"
    assert {task.task_id: task.pool for task in dag.tasks} == {
        "find_days": "default_pool",
        "export_days": "export",
    }
    assert dag.max_active_runs == 1


def test_it_runs_by_hand_or_after_each_run_that_loaded_text(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not media_export(repository).timetable.can_be_scheduled
    monkeypatch.setenv("TEXTMILL_EXPORT_AFTER_RUNS", "true")
    (asset,) = media_export(repository).timetable.asset_condition.objects
    assert asset.name == "textmill/media_text"


def test_params_refuse_nonsense(repository: Path) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    dag = media_export(repository)
    for name, value in (("first_day", "yesterday"), ("tables", ["runs"]), ("tables", []), ("full", "yes")):
        with pytest.raises(ParamValidationError):
            dag.params.get_param(name).resolve(value)

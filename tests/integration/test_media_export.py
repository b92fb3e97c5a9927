"""The DAG that exports days: over a real warehouse, with and without anything to do."""

from __future__ import annotations

import importlib
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.dataset as ds
import pytest
from loaded_days import load
from sqlalchemy import Engine
from warehouse_records import NOW

from textmill.warehouse.runs import plan_run, run_key, start_run

if TYPE_CHECKING:
    from airflow.sdk import DAG

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


@pytest.fixture
def media_export(deployment: Path, airflow_database: None) -> DAG:
    sys.modules.pop("media_export", None)
    dag: DAG = importlib.import_module("media_export").media_export()
    for task in dag.tasks:
        task.retry_delay = timedelta(0)
    return dag


@pytest.fixture
def ingest_run_id(warehouse: Engine) -> int:
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "file:///in", {}, NOW)
        plan_run(connection, "run-1", [(3, 30.0)])
        return run_key(connection, "run-1")


def test_it_exports_the_days_that_changed(
    media_export: DAG, warehouse: Engine, ingest_run_id: int, tmp_path: Path
) -> None:
    load(warehouse, ingest_run_id, MONDAY, "a")
    load(warehouse, ingest_run_id, TUESDAY, "b")
    conf = {"destination": str(tmp_path / "out"), "dry_run": False}

    dry = media_export.test(run_conf=conf | {"dry_run": True})
    assert dry.state == "success"
    assert not (tmp_path / "out").exists()

    run = media_export.test(run_conf=conf)
    assert run.state == "success"
    states = sorted(one.state for one in run.get_task_instances() if one.task_id == "export_days")
    assert states == ["success", "success"]
    exported = ds.dataset(tmp_path / "out" / "lines", partitioning="hive").to_table()
    assert exported.num_rows == 8

    again = media_export.test(run_conf=conf)
    assert again.state == "success"
    assert [one.state for one in again.get_task_instances() if one.task_id == "export_days"] == ["skipped"]

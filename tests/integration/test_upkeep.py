"""The DAGs that clean up and that look for what disagrees."""

from __future__ import annotations

import importlib
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.utils.state import DagRunState
from sqlalchemy import Engine, text

if TYPE_CHECKING:
    from airflow.sdk import DAG


@pytest.fixture
def dag_of(deployment: Path, airflow_database: None) -> Any:
    """Returns a DAG by its name, with no pause before retries."""

    def load(name: str) -> DAG:
        sys.modules.pop(name, None)
        dag = getattr(importlib.import_module(name), name)()
        for task in dag.tasks:
            task.retry_delay = timedelta(0)
            task.retry_exponential_backoff = 0
        return dag

    return load


def test_retention_tells_in_a_dry_run_what_it_removes_afterwards(dag_of: Any, deployment: Path) -> None:
    torn = deployment / "content" / "incoming-torn"
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b"half")

    os.utime(torn, (0, 0))
    dag = dag_of("media_retention")
    for dry_run in (True, False):
        run = dag.test(run_conf={"dry_run": dry_run})
        assert run.state == DagRunState.SUCCESS
        (instance,) = run.get_task_instances()
        told = instance.xcom_pull(task_ids="clean")
        assert told["torn files"] == {"count": 1, "bytes": 4}
        assert torn.exists() == dry_run
    assert dag.test(run_conf={"torn_days": None, "dryrun": True}).state == DagRunState.FAILED


def test_the_audit_fails_its_run_when_something_disagrees(dag_of: Any, warehouse: Engine) -> None:
    dag = dag_of("textmill_audit")
    assert dag.test(run_conf={"sample_content": None}).state == DagRunState.SUCCESS
    with warehouse.begin() as connection:
        connection.execute(text("SET foreign_key_checks = 0"))
        connection.execute(text("INSERT INTO document (media_id, text, pages) VALUES (5, 'x', 1)"))
        connection.execute(text("SET foreign_key_checks = 1"))
    assert dag.test().state == DagRunState.FAILED
    with warehouse.connect() as connection:
        rules = connection.execute(text("SELECT rule FROM v_audit ORDER BY rule")).scalars()
        assert list(rules) == ["document_pages", "orphan_document_media_id"]
        assert connection.execute(text("SELECT COUNT(*) FROM audit")).scalar_one() == 2

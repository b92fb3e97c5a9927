"""A real Airflow (metadata in SQLite, one process), a real MariaDB, the real OCR runtime."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG
    from sqlalchemy import URL, Engine

MISBEHAVING = ("crashing", "hanging", "mute", "slow", "steady")

Ingest = Callable[..., "DagRun"]


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Airflow's metadata database, migrated once."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def deployment(
    tmp_path: Path,
    repository: Path,
    models_dir: Path,
    warehouse: Engine,
    warehouse_server: URL,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Settings of a deployment of its own; returns its staging folder."""
    connection = {
        "conn_type": "mysql",
        "host": warehouse_server.host,
        "port": warehouse_server.port,
        "schema": warehouse_server.database,
        "login": warehouse_server.username,
        "password": warehouse_server.password,
    }
    monkeypatch.setenv("AIRFLOW_CONN_TEXTMILL_WAREHOUSE", json.dumps(connection))
    monkeypatch.setenv("TEXTMILL_STAGING_DIR", str(tmp_path / "staging"))
    monkeypatch.setenv("TEXTMILL_MODELS_DIR", str(models_dir))
    monkeypatch.setenv("TEXTMILL_STABLE_SECONDS", "0")
    monkeypatch.setenv("TEXTMILL_OCR_PYTHONPATH", str(repository / "tests" / "support"))
    monkeypatch.syspath_prepend(str(repository / "dags"))
    return tmp_path / "staging"


@pytest.fixture
def media_ingest(deployment: Path, airflow_database: None) -> DAG:
    """The DAG, with no pause before retries."""
    import importlib
    from datetime import timedelta

    sys.modules.pop("media_ingest", None)
    module = importlib.import_module("media_ingest")
    # Engines that misbehave are none that the form would offer.
    module.PARAMS["engine"].schema["enum"] += [f"misbehaving_engines:{name}" for name in MISBEHAVING]
    dag = module.media_ingest()
    for task in dag.tasks:
        task.retry_delay = timedelta(0)
        task.retry_exponential_backoff = 0
    return dag


@pytest.fixture
def agreement(deployment: Path, warehouse: Engine) -> Iterator[None]:
    """Whatever a test did, staging area, checkpoints and warehouse agree afterwards."""
    yield
    from textmill.auditing import Audited, audit
    from textmill.staging import Staging
    from textmill.warehouse.connection import utc_now

    report = audit(Audited(warehouse, Staging(deployment), utc_now(), 12.0, None))
    assert report.total == 0, "\n".join(report.in_words())


@pytest.fixture
def ingest(media_ingest: DAG, agreement: None) -> Ingest:
    """Run the DAG to its end and return the run."""

    def run(source: Path, **params: Any) -> DagRun:
        return media_ingest.test(run_conf={"source": str(source), **params})

    return run

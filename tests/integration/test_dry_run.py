"""Runs that only look, and runs that are asked for what there is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.utils.state import DagRunState
from sqlalchemy import Engine, text

Ingest = Callable[..., Any]


@pytest.fixture
def source(tmp_path: Path, samples: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("table-ferry.png", "memo-moving.png", "report-minutes.pdf", "notes-tides.txt"):
        shutil.copy(samples / name, folder / name)
    return folder


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


def test_a_dry_run_tells_what_would_be_read_and_reads_nothing(
    warehouse: Engine, ingest: Ingest, source: Path
) -> None:
    run = ingest(source, dry_run=True, batch_seconds=1, max_batches=2)
    assert run.state == DagRunState.SUCCESS
    seen = run.get_task_instance("report").xcom_pull(task_ids="report", run_id=run.run_id)
    estimate = seen["estimate"]
    assert (estimate["media"], estimate["batches"]) == (4, 2)
    assert seen["media_by_kind"] == {"image": 2, "text": 1, "pdf": 1}
    assert sum(seen["media_by_source"].values()) == 4
    assert estimate["pages"] >= 4
    assert estimate["wall_seconds"] > 0
    assert sorted(seen["first"]) == sorted(path.name for path in source.iterdir())

    (books,) = rows(warehouse, "SELECT state, finished_at, estimated_seconds FROM ingest_run")
    assert books.state == "dry_run"
    assert books.finished_at is not None
    assert books.estimated_seconds == pytest.approx(estimate["seconds"])
    for table in ("media", "page", "ingest_batch", "quarantine"):
        assert rows(warehouse, f"SELECT COUNT(*) FROM {table}") == [(0,)], table


def test_a_dry_run_over_nothing_is_green_and_over_a_missing_folder_is_red(
    warehouse: Engine, ingest: Ingest, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    assert ingest(tmp_path / "empty", dry_run=True).state == DagRunState.SUCCESS
    assert ingest(tmp_path / "nowhere", dry_run=True).state == DagRunState.FAILED
    states = rows(warehouse, "SELECT state FROM ingest_run ORDER BY id")
    assert states == [("dry_run",), ("failed",)]


def test_a_misspelt_param_fails_the_run_at_once(warehouse: Engine, ingest: Ingest, source: Path) -> None:
    assert ingest(source, dryrun=True).state == DagRunState.FAILED
    assert rows(warehouse, "SELECT COUNT(*) FROM media") == [(0,)]

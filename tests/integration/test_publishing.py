"""A run announces once what it loaded: not per batch, not when nothing came, and also when a batch failed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from airflow.models.asset import AssetEvent
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import Engine, select, text

from textmill.errors import SourceError
from textmill.stages import validate as validate_stage
from textmill_airflow.assets import MEDIA_TEXT

Ingest = Callable[..., Any]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two texts, which no engine has to read; nothing in their names tells the planner so."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("ferry", "harbour"):
        (folder / name).write_text(f"The {name} is open.\n" * 40)
    return folder


def announced(run: DagRun) -> list[dict[str, Any]]:
    """The extras of the events that a run emitted."""
    with create_session() as session:
        events = session.scalars(select(AssetEvent).where(AssetEvent.source_run_id == run.run_id))
        return [event.extra for event in events if event.asset.name == MEDIA_TEXT.name]


def states(run: DagRun) -> dict[str, str]:
    return {instance.task_id: str(instance.state) for instance in run.get_task_instances()}


def count_by_hand(warehouse: Engine) -> list[tuple[str, int]]:
    """Run the example for the day of what is loaded; returns the words and how often they occur."""
    with warehouse.connect() as connection:
        day: date = connection.execute(text("SELECT MIN(DATE(loaded_at)) FROM v_document")).scalar_one()
    sys.modules.pop("example_downstream", None)
    dag = importlib.import_module("example_downstream").example_downstream()
    assert dag.test(run_conf={"day": str(day)}).state == DagRunState.SUCCESS
    with warehouse.connect() as connection:
        counted = connection.execute(text("SELECT keyword, occurrences FROM example_keyword_daily"))
        return [(row.keyword, row.occurrences) for row in counted]


def test_one_event_per_run_says_what_came_and_none_comes_when_nothing_did(
    ingest: Ingest, source: Path, warehouse: Engine
) -> None:
    first = ingest(source, batch_seconds=1)
    assert first.state == DagRunState.SUCCESS
    (event,) = announced(first)
    assert event.pop("source").endswith(str(source))
    assert event == {"run_id": first.run_id, "media_loaded": 2, "media_quarantined": 0, "pages_loaded": 2}

    second = ingest(source)
    assert second.state == DagRunState.SUCCESS
    assert states(second)["publish"] == "skipped"
    assert announced(second) == []

    assert ("ferry", 40) in count_by_hand(warehouse)


def test_a_failed_batch_fails_the_run_and_what_others_loaded_is_announced(
    ingest: Ingest, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = validate_stage.validate

    def fail_the_first(warehouse: Engine, *given: Any, batch_uri: str, **named: Any) -> Any:
        if batch_uri.endswith("0000"):
            raise SourceError("The machine is on fire.")
        return real(warehouse, *given, batch_uri=batch_uri, **named)

    monkeypatch.setattr(validate_stage, "validate", fail_the_first)
    monkeypatch.setattr("textmill.batching.cost._TEXT_SECONDS", 60.0)  # a batch for each
    run = ingest(source, batch_seconds=1)
    assert run.state == DagRunState.FAILED
    assert (states(run)["report"], states(run)["publish"]) == ("failed", "success")
    (event,) = announced(run)
    assert event["media_loaded"] == 1


def test_a_run_whose_source_is_missing_tells_nothing(ingest: Ingest, tmp_path: Path) -> None:
    run = ingest(tmp_path / "nowhere")
    assert run.state == DagRunState.FAILED
    assert states(run)["publish"] == "skipped"
    assert announced(run) == []

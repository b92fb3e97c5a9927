"""What is in quarantine is listed, tried again and decided about by its DAG, with its history kept."""

from __future__ import annotations

import importlib
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.utils.state import DagRunState
from sqlalchemy import Engine, text

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG

Ingest = Callable[..., Any]
STEADY = "misbehaving_engines:steady"


@pytest.fixture
def quarantine_retry(media_ingest: DAG) -> DAG:
    """The DAG, with no other try of its tasks."""
    sys.modules.pop("quarantine_retry", None)
    dag = importlib.import_module("quarantine_retry").quarantine_retry()
    for task in dag.tasks:
        task.retries = 0
    return dag


@pytest.fixture
def source(tmp_path: Path, samples: Path) -> Path:
    """A folder with a document of two pages, and noise."""
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(samples / "report-minutes.pdf", folder / "two pages.pdf")
    (folder / "noise.png").write_bytes(random.Random(3).randbytes(20_000))
    return folder


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


def xcom(run: DagRun, task_id: str) -> Any:
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = XComModel.get_many(
            run_id=run.run_id, dag_ids=run.dag_id, task_ids=task_id, key="return_value"
        )
        return XComModel.deserialize_value(session.execute(found).scalars().one())


def states(run: DagRun) -> dict[str, str]:
    return {one.task_id: str(one.state) for one in run.get_task_instances()}


def triggered() -> DagRun:
    """The run that was started and that no scheduler takes up here."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return session.execute(
            select(DagRun).where(DagRun.run_id.like("quarantine_retry__%"), DagRun.state == "queued")
        ).scalar_one()


@contextmanager
def calling_runs(run_id: str) -> Iterator[None]:
    """Have the next test of a DAG be the run that is called so."""
    from airflow.models.dagrun import DagRun

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DagRun, "generate_run_id", staticmethod(lambda **_: run_id))
        yield


def test_a_limit_that_is_raised_closes_the_entry_and_keeps_its_history(
    warehouse: Engine,
    ingest: Ingest,
    media_ingest: DAG,
    quarantine_retry: DAG,
    source: Path,
    deployment: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEXTMILL_MAX_PAGES", "1")
    assert ingest(source, engine=STEADY).state == DagRunState.SUCCESS
    (entry,) = rows(warehouse, "SELECT * FROM v_quarantine WHERE reason = 'too_many_pages'")
    assert (entry.name, entry.status) == ("two pages.pdf", "open")
    copy = deployment / entry.copy_path
    assert copy.read_bytes() == (source / "two pages.pdf").read_bytes()

    listed = quarantine_retry.test(run_conf={"reasons": ["too_many_pages"]})
    assert listed.state == DagRunState.SUCCESS
    assert {name for name, state in states(listed).items() if state == "success"} == {
        "list_entries",
        "choose_way",
    }
    found = xcom(listed, "list_entries")
    assert (found["entries"], found["groups"][0]["reason"]) == (1, "too_many_pages")
    assert found["first"][0]["message"] == entry.message

    monkeypatch.delenv("TEXTMILL_MAX_PAGES")
    wish = {"dry_run": False, "reasons": ["too_many_pages"], "name": "two *.pdf"}
    when = datetime.now(UTC) - timedelta(minutes=1)
    no_scheduler = "wait|tell"  # that would run what is started
    begun = quarantine_retry.test(run_conf=wish, logical_date=when, mark_success_pattern=no_scheduler)
    assert states(begun)["ingest"] == "success"

    # What a scheduler would do now.
    waiting = triggered()
    with calling_runs(waiting.run_id):
        done = media_ingest.test(run_conf=waiting.conf | {"engine": STEADY}, logical_date=None)
    assert (done.run_id, done.state) == (waiting.run_id, DagRunState.SUCCESS)

    chosen = "list_entries|choose_way"  # before; nothing fits any more
    with calling_runs(begun.run_id):
        run = quarantine_retry.test(run_conf=wish, logical_date=when, mark_success_pattern=chosen)
    assert run.state == DagRunState.SUCCESS
    assert states(run)["ingest"] == "skipped", "what was started before is not started anew"
    became = xcom(run, "tell")
    assert (became["closed"], became["refused_again"], became["untouched"]) == (1, 0, 0)
    assert became["closed_entries"][0]["quarantine_id"] == entry.quarantine_id

    history = rows(
        warehouse, "SELECT event, run_id, message FROM v_quarantine_history WHERE name LIKE 'two%'"
    )
    assert [one.event for one in history] == ["opened", "resolved"]
    assert history[1].run_id == waiting.run_id
    assert {one.message for one in history} == {entry.message}
    (entry,) = rows(warehouse, "SELECT * FROM v_quarantine WHERE reason = 'too_many_pages'")
    assert (entry.status, entry.copy_path) == ("resolved", None)
    assert entry.closed_at is not None
    assert not copy.exists()
    assert rows(warehouse, "SELECT COUNT(*) FROM v_document WHERE status = 'loaded'") == [(1,)]
    assert rows(warehouse, "SELECT status FROM v_quarantine WHERE name = 'noise.png'") == [("open",)]


def test_what_is_ignored_by_the_dag_is_left_alone_by_runs(
    warehouse: Engine,
    ingest: Ingest,
    quarantine_retry: DAG,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEXTMILL_MAX_PAGES", "1")
    ingest(source, engine=STEADY)
    refused = quarantine_retry.test(run_conf={"action": "ignore", "dry_run": False})
    assert refused.state == DagRunState.FAILED
    run = quarantine_retry.test(
        run_conf={"action": "ignore", "dry_run": False, "all": True, "note": "Not ours."}
    )
    assert run.state == DagRunState.SUCCESS
    assert states(run)["ingest"] == states(run)["tell"] == "skipped"
    assert xcom(run, "decide") == 2
    assert rows(warehouse, "SELECT DISTINCT status, note FROM v_quarantine") == [("ignored", "Not ours.")]
    ingest(source, engine=STEADY, reread="refused")
    latest = "SELECT media_unchanged, media_quarantined FROM v_run ORDER BY started_at DESC LIMIT 1"
    assert rows(warehouse, latest) == [(2, 0)]

"""A machine is to be stopped while it reads a batch: the task goes on elsewhere, no page is read twice."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, text

from textmill.checkpoint import read_events, read_progress, read_rejections
from textmill.records import PageLeft, PageStarted
from textmill_airflow.drain_file import DrainFile
from textmill_airflow.operators import ocr_batch

from .conftest import Ingest

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

PAGES = 5
WISHES = {"text_layer": "never", "preprocessing": "none", "second_opinion": "off"}


@pytest.fixture
def source(samples: Path, tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    shutil.copy(samples / "report-bridge.pdf", tmp_path / "in")
    return tmp_path / "in"


@pytest.fixture
def drain_file(deployment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DrainFile:
    """The drain file of the machine; what is drained comes back after a moment."""
    path = tmp_path / "run" / "draining"
    monkeypatch.setenv("TEXTMILL_DRAIN_FILE", str(path))
    monkeypatch.setattr(ocr_batch, "_AWAY_SECONDS", 1.0)
    return DrainFile(path)


@contextmanager
def machine_stopped(
    drain_file: DrainFile, when: Callable[[], bool], *, for_seconds: float = 0.0
) -> Iterator[None]:
    """Have the machine be told to stop, and be another one that many seconds after it has drained."""

    def stop() -> None:
        deadline = time.monotonic() + 60
        while not when() and time.monotonic() < deadline:
            time.sleep(0.02)
        drain_file.order("The worker was told to stop.")
        time.sleep(for_seconds)
        drain_file.withdraw()

    thread = threading.Thread(target=stop)
    thread.start()
    yield
    thread.join()


def checkpoint(staging: Path) -> Path | None:
    return next(iter(staging.glob("runs/*/batches/*/pages.jsonl")), None)


def pages_done(staging: Path) -> int:
    path = checkpoint(staging)
    return len(read_progress(path).finished_pages) if path else 0


def times_begun(staging: Path) -> dict[int, int]:
    path = checkpoint(staging)
    assert path is not None
    begun: Counter[int] = Counter()
    for event in read_events(path):
        match event:
            case PageStarted() if event.page_no:
                begun[event.page_no] += 1
            case PageLeft():
                begun[event.page_no] -= 1
            case _:
                pass
    return dict(begun)


def reschedules(run: DagRun) -> int:
    """How often the task came back."""
    from airflow.models.taskreschedule import TaskReschedule
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    with create_session() as session:
        matching = select(func.count()).where(TaskReschedule.ti_id == ocr_task(run).id)
        return session.scalar(matching) or 0


def ocr_task(run: DagRun) -> TaskInstance:
    (task,) = [one for one in run.get_task_instances() if one.task_id == "batch.ocr"]
    return task


def test_a_drained_task_goes_on_elsewhere_uses_up_no_retry_and_reads_no_page_twice(
    ingest: Ingest, source: Path, drain_file: DrainFile, deployment: Path, warehouse: Engine
) -> None:
    with machine_stopped(drain_file, lambda: pages_done(deployment) >= 2, for_seconds=4):
        run = ingest(source, engine="misbehaving_engines:slow", **WISHES)
    assert run.state == "success"
    assert ocr_task(run).try_number == 1
    assert reschedules(run) >= 2, "while it still drains, it comes back at once"
    assert times_begun(deployment) == dict.fromkeys(range(1, PAGES + 1), 1)
    with warehouse.connect() as connection:
        row = connection.execute(text("SELECT state, pages_done FROM ingest_batch")).one()
    assert row == ("loaded", PAGES)


@pytest.mark.slow
def test_a_page_that_takes_longer_than_a_drained_machine_waits_is_left_and_read_again(
    ingest: Ingest,
    source: Path,
    drain_file: DrainFile,
    deployment: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEXTMILL_DRAIN_SECONDS", "1")
    monkeypatch.setenv("TEXTMILL_PAGE_TIMEOUT_SECONDS", "3")
    monkeypatch.setenv("TEXTMILL_PAGE_ATTEMPTS", "1")
    with machine_stopped(drain_file, lambda: pages_done(deployment) >= 1, for_seconds=2):
        run = ingest(source, engine="misbehaving_engines:hanging", **WISHES)
    assert run.state == "success"
    assert reschedules(run) >= 1
    # It hung twice: the first time it was left by order, the second time it was its fault.
    assert times_begun(deployment) == dict.fromkeys(range(1, PAGES + 1), 1)
    path = checkpoint(deployment)
    assert path is not None
    assert [one.page_no for one in read_events(path) if isinstance(one, PageLeft)] == [2]
    assert [one.page_no for one in read_rejections(path)] == [2]

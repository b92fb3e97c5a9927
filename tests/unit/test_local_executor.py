"""The executor of one machine: what wakes the scheduler, and what does not."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from airflow.models.taskinstancekey import TaskInstanceKey

from textmill_airflow.executors import local
from textmill_airflow.executors.local import WarmLocalExecutor

READING = TaskInstanceKey("media_ingest", "batch.ocr", "run", 1, 0)


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> set[TaskInstanceKey]:
    """What the metadata calls ended."""
    keys: set[TaskInstanceKey] = set()
    monkeypatch.setattr(local, "_ended", lambda asked: asked & keys)
    return keys


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch, ended: set[TaskInstanceKey]) -> Iterator[WarmLocalExecutor]:
    """An executor without processes, at which one task runs."""
    monkeypatch.setattr(local, "LOOK_SECONDS", 0.4)
    monkeypatch.setattr(local, "GLANCE_SECONDS", 0.02)
    monkeypatch.setattr(local, "import_what_tasks_need", lambda: None)
    executor = WarmLocalExecutor(parallelism=1)
    monkeypatch.setattr(executor, "_spawn_worker", lambda: None)
    executor.start()
    executor.running.add(READING)
    yield executor
    executor.activity_queue.close()
    executor.result_queue.close()


def seconds(executor: WarmLocalExecutor) -> float:
    began = time.monotonic()
    executor.sync()
    return time.monotonic() - began


def test_without_news_the_scheduler_waits_as_long_as_it_would_sleep(executor: WarmLocalExecutor) -> None:
    assert seconds(executor) >= 0.4


def test_a_task_whose_process_tells_its_end_wakes_the_scheduler(executor: WarmLocalExecutor) -> None:
    executor.result_queue.put((READING, "success", None))
    assert seconds(executor) < 0.2
    assert READING not in executor.running


def test_a_task_that_ended_by_the_metadata_wakes_it_once(
    executor: WarmLocalExecutor, ended: set[TaskInstanceKey]
) -> None:
    ended.add(READING)
    assert seconds(executor) < 0.2
    assert seconds(executor) >= 0.4, "its process still has to tell: until then there is nothing new in it"


def test_the_next_try_of_a_task_is_news_again(
    executor: WarmLocalExecutor, ended: set[TaskInstanceKey]
) -> None:
    again = READING._replace(try_number=2)
    ended |= {READING, again}
    executor.sync()
    executor.running = {again}
    assert seconds(executor) < 0.2


def test_after_tasks_were_sent_the_scheduler_goes_on_at_once(
    executor: WarmLocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow.executors.local_executor.LocalExecutor._process_workloads", lambda *_: None)
    executor._process_workloads(["a task"])  # type: ignore[list-item]
    assert seconds(executor) < 0.2
    assert seconds(executor) >= 0.4

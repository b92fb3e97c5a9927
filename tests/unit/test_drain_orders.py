"""A machine that is to be stopped: who is told, how long is waited, and what is not waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from textmill.events import WorkerDrained, WorkerFinished
from textmill.settings import Settings
from textmill_airflow.drain_file import DrainFile
from textmill_airflow.ocr_process import OcrProcess, OcrProcessDied, OcrProcessLeft

DRAINED = WorkerDrained(pages_read=1, pages_rejected=0, media_rejected=0).model_dump_json()
FINISHED = WorkerFinished(
    pages_read=1, pages_rejected=0, media_rejected=0, peak_memory_mb=1
).model_dump_json()


# --- the order -------------------------------------------------------------------------------------------


def test_the_order_is_a_file_that_is_there_or_not(tmp_path: Path) -> None:
    drain_file = DrainFile(tmp_path / "run" / "draining")
    assert not drain_file.is_ordered()
    assert not drain_file.withdraw()
    assert drain_file.order("The worker was told to stop.")
    assert drain_file.is_ordered()
    assert (tmp_path / "run" / "draining").read_text() == "The worker was told to stop.\n"
    assert drain_file.withdraw()
    assert not drain_file.is_ordered()


def test_a_machine_without_a_drain_file_is_never_drained() -> None:
    drain_file = DrainFile(None)
    assert not drain_file.order("The worker was told to stop.")
    assert not drain_file.is_ordered()
    assert not drain_file.withdraw()


def test_a_worker_says_when_it_cannot_give_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from textmill_airflow import draining

    (tmp_path / "run").write_text("a file where a folder should be")
    monkeypatch.setenv("TEXTMILL_DRAIN_FILE", str(tmp_path / "run" / "draining"))
    said: list[str] = []
    monkeypatch.setattr(draining, "safe_say", said.append)
    draining.drain(sig="SIGTERM")
    assert "TEXTMILL_DRAIN_FILE" in said[0]
    monkeypatch.delenv("TEXTMILL_DRAIN_FILE")
    draining.drain(sig="SIGTERM")
    assert len(said) == 1, "where there is no drain file, there is nothing to say"


# --- the OCR process ---------------------------------------------------------------------------------------


def process(
    tmp_path: Path, script: str, *, seconds: float = 30, is_ordered: Callable[[], bool] = lambda: True
) -> OcrProcess:
    """A program that stands for the OCR runtime on a machine that is to be stopped."""
    program = tmp_path / "python"
    program.write_text(f"#!/bin/bash\n{script}\n")
    program.chmod(0o755)
    settings = Settings(ocr_python=program, drain_seconds=seconds, page_timeout_seconds=30)
    return OcrProcess("file:///batch", settings, is_ordered)


def test_a_process_that_is_told_to_stop_says_that_it_has(tmp_path: Path) -> None:
    (tmp_path / "drained").write_text(DRAINED + "\n")
    trap = f"trap 'cat {tmp_path}/drained; exit 0' TERM"
    script = f"{trap}\necho '{FINISHED}'\nwhile :; do sleep 0.05; done"
    ordered = Event()
    with process(tmp_path, script, is_ordered=ordered.is_set) as running:
        events = running.events()
        next(events)  # it has set its trap by now
        ordered.set()
        assert list(events) == [WorkerDrained(pages_read=1, pages_rejected=0, media_rejected=0)]


def test_a_process_that_does_not_listen_yet_is_ended_before_it_has_begun(tmp_path: Path) -> None:
    with process(tmp_path, "exec sleep 60") as running, pytest.raises(OcrProcessLeft):
        list(running.events())


def test_a_process_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    began = time.monotonic()
    script = "trap '' TERM\nwhile :; do sleep 0.05; done"
    with process(tmp_path, script, seconds=0.5) as running, pytest.raises(OcrProcessLeft):
        list(running.events())
    assert time.monotonic() - began < 10


def test_a_process_that_crashes_meanwhile_has_crashed(tmp_path: Path) -> None:
    trap = "trap 'kill -SEGV $$' TERM"
    script = f"{trap}\necho '{DRAINED}'\nwhile :; do sleep 0.05; done"
    ordered = Event()
    with process(tmp_path, script, is_ordered=ordered.is_set) as running:
        events = running.events()
        next(events)
        ordered.set()
        with pytest.raises(OcrProcessDied, match="SIGSEGV"):
            list(events)


# --- the task ----------------------------------------------------------------------------------------------


class Killable:
    killed = False

    def kill(self) -> None:
        self.killed = True


def test_a_task_that_starts_on_a_machine_that_is_to_be_stopped_goes_elsewhere_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import AirflowRescheduleException

    from textmill_airflow.operators import ocr_batch

    def touched() -> None:
        pytest.fail("it opened the staging area")

    monkeypatch.setenv("TEXTMILL_DRAIN_FILE", str(tmp_path / "draining"))
    monkeypatch.setattr(ocr_batch, "staging_access", touched)
    DrainFile(tmp_path / "draining").order("The worker was told to stop.")
    operator = ocr_batch.OcrBatchOperator(task_id="ocr", batch_uri="file:///batch", wishes={})
    with pytest.raises(AirflowRescheduleException) as caught:
        operator.execute({"run_id": "run"})  # type: ignore[typeddict-item]
    away = caught.value.reschedule_date - datetime.now(UTC)
    assert timedelta(seconds=5) < away < timedelta(seconds=60)


@pytest.mark.parametrize("ordered", [False, True])
def test_killing_a_task_ends_its_process_at_once_unless_it_drains(tmp_path: Path, ordered: bool) -> None:
    from textmill_airflow.operators.ocr_batch import OcrBatchOperator

    operator = OcrBatchOperator(task_id="ocr", batch_uri="file:///batch", wishes={})
    operator._drain_file = DrainFile(tmp_path / "draining")
    process = operator._process = Killable()  # type: ignore[assignment]
    if ordered:
        operator._drain_file.order("The worker was told to stop.")
    operator.on_kill()
    assert process.killed is not ordered

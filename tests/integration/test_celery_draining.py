"""A real Celery worker, as `airflow celery worker` starts it, is told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_SECONDS = 120

Worker = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def environment(repository: Path, tmp_path: Path) -> dict[str, str]:
    """A worker that talks by files: what is looked at here does not depend on the broker."""
    for name in ("messages", "results", "control"):
        (tmp_path / name).mkdir()
    messages = str(tmp_path / "messages")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return {
        **inherited,
        "PATH": f"{Path(sys.executable).parent}:{inherited['PATH']}",
        "PYTHONPATH": str(repository / "include"),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(repository / "plugins"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": "filesystem://",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"file://{tmp_path / 'results'}",
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__DATA_FOLDER_IN": messages,
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__DATA_FOLDER_OUT": messages,
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__CONTROL_FOLDER": str(tmp_path / "control"),
        "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": '{"imports": ["textmill_airflow.draining"]}',
        "TEXTMILL_DRAIN_FILE": str(tmp_path / "run" / "draining"),
    }


@contextmanager
def worker(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that waits for tasks."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["airflow", "celery", "worker", "--queues", "ocr", "--concurrency", "1", "--skip-serve-logs"],
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_for(lambda: " ready" in log.read_text(errors="replace"), process, log)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.1)


def test_sigterm_orders_tasks_to_drain_and_the_next_worker_forgets_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    drain_file = Path(environment["TEXTMILL_DRAIN_FILE"])
    drain_file.parent.mkdir()
    drain_file.write_text("An earlier worker was told to stop.\n")
    log = tmp_path / "worker.log"
    with worker(environment, log) as process:
        assert not drain_file.exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(_SECONDS) == 0
    assert drain_file.read_text() == "The worker was told to stop by SIGTERM.\n"
    said = log.read_text(errors="replace")
    assert "left behind by an earlier worker" in said
    assert f"OCR tasks end after the page at hand, and go on elsewhere: {drain_file} is there" in said

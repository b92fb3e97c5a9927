"""Finding the processes of a stack and adding up what they use."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.process_memory import peak_memory_mb
from bench.stack_watch import OCR, TASKS, StackWatch, service_of

BUSY_THEN_IDLE = """
import time
block = bytearray(64 * 1024 * 1024)
del block
end = time.process_time() + 0.3
while time.process_time() < end:
    pass
print("done", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("command_line", "service"),
    [
        ("/venv/ocr/bin/python -m textmill.worker file:///staging/runs/1/batches/0000", OCR),
        ("airflow api_server -- host:127.0.0.1 port:8080", "api-server"),
        ("/venv/bin/python -m airflow api-server", "api-server"),
        ("/venv/bin/python -m airflow scheduler --skip-serve-logs", "scheduler"),
        ("/venv/bin/python -m airflow dag-processor", "dag-processor"),
        ("/usr/sbin/mariadbd --no-defaults", "MariaDB"),
        ("postgres: airflow airflow 127.0.0.1(59716) idle", "PostgreSQL"),
        ("airflow worker -- 01a1fdec", TASKS),
    ],
)
def test_services_are_known_by_their_command_line(command_line: str, service: str) -> None:
    assert service_of(command_line) == service


def test_processes_with_the_mark_are_watched_and_no_others(tmp_path: Path) -> None:
    def start(state: Path, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "BENCH_TEST_MARK": str(state)}
        command = [sys.executable, "-c", BUSY_THEN_IDLE, *arguments]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    children: list[subprocess.Popen[str]] = []
    try:
        with StackWatch(tmp_path, "BENCH_TEST_MARK") as watch:
            children += [start(tmp_path, "textmill.worker"), start(tmp_path / "other", "textmill.worker")]
            for child in children:
                assert child.stdout is not None
                child.stdout.readline()
    finally:
        for child in children:
            child.kill()
            child.communicate()

    assert list(watch.cpu_seconds) == [OCR]
    assert watch.cpu_seconds[OCR] >= 0.3
    assert len(watch.peak_memory_mb) == 1
    assert watch.peak_memory_mb[0] > 64


def test_what_was_used_before_does_not_count(tmp_path: Path) -> None:
    environment = {**os.environ, "BENCH_TEST_MARK": str(tmp_path)}
    command = [sys.executable, "-c", BUSY_THEN_IDLE]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            child.stdout.readline()
            with StackWatch(tmp_path, "BENCH_TEST_MARK") as watch:
                time.sleep(0.1)
        finally:
            child.kill()

    assert watch.cpu_seconds[TASKS] < 0.2


def test_the_peak_memory_of_a_process_that_is_gone_is_zero() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()

    assert peak_memory_mb(child.pid) == 0
    assert peak_memory_mb() > 5

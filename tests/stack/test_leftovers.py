import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import leftovers
from stack.airflow_configuration import MARK


def sleeper(state: Path, code: str = "import time; time.sleep(300)") -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], MARK: str(state)}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True)


@pytest.fixture
def other_stack(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = sleeper(tmp_path / "other")
    yield process
    process.kill()
    process.wait()


def test_only_processes_of_this_stack_are_ended(tmp_path: Path, other_stack: subprocess.Popen[bytes]) -> None:
    process = sleeper(tmp_path / "mine")
    assert [found.pid for found in leftovers.find(tmp_path / "mine")] == [process.pid]
    assert leftovers.end(tmp_path / "mine") == 1
    process.wait(1)
    assert other_stack.poll() is None
    assert leftovers.end(tmp_path / "mine") == 0


def test_a_process_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    code = "import signal as s, time; s.signal(s.SIGTERM, s.SIG_IGN); print(flush=True); time.sleep(300)"
    environment = {MARK: str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    assert leftovers.end(tmp_path, patience=0.3) == 1
    assert process.wait(1) == -9
    process.stdout.close()


def test_a_child_without_the_mark_is_found_through_its_parent(tmp_path: Path) -> None:
    code = (
        "import subprocess; "
        "subprocess.Popen(['sleep', '300'], env={'PATH': '/usr/bin:/bin'}, start_new_session=True).wait()"
    )
    parent = sleeper(tmp_path, code)
    deadline = time.monotonic() + 10
    while len(known := leftovers.find(tmp_path)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    assert leftovers.find(tmp_path) == []
    assert leftovers.end(tmp_path, known) == 1
    assert not any(process.is_running() and process.status() != "zombie" for process in known)

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from stack import leftovers
from stack.airflow_configuration import MARK
from stack.errors import StackError
from stack.paths import Paths
from stack.supervision import Program, Supervisor, configuration


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Paths]:
    # Too deep for a socket, and with characters that mean something to the supervisor's configuration.
    paths = Paths(tmp_path, tmp_path / "50% full of spaces" / ("deep" * 30))
    paths.create()
    yield paths
    Supervisor(paths).stop(60)
    assert leftovers.end(paths.state) == 0


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def start(paths: Paths, *programs: Program) -> Supervisor:
    supervisor = Supervisor(paths)
    supervisor.start(programs, {"PATH": os.environ["PATH"], MARK: str(paths.state)})
    return supervisor


def test_what_crashes_is_started_again_and_stop_leaves_nothing(paths: Paths) -> None:
    at_once = Program("sleeper", ["sleep", "300"], starts_at_once=True)
    supervisor = start(paths, at_once, Program("later", ["sleep", "301"]))
    wait_for(lambda: supervisor.programs()["sleeper"].is_running)
    assert supervisor.programs()["later"].state == "STOPPED"
    supervisor.start_program("later")
    supervisor.start_program("later")
    first = supervisor.programs()["sleeper"].pid
    psutil.Process(first).kill()
    wait_for(lambda: supervisor.programs()["sleeper"].pid not in (0, first))

    process = supervisor.process()
    assert process
    assert os.getsid(process.pid) != os.getsid(0)
    supervisor.stop(60)
    assert supervisor.process() is None
    assert supervisor.programs() == {}
    assert leftovers.find(paths.state) == []


def test_the_socket_is_private_and_gone_after_the_stop(paths: Paths) -> None:
    supervisor = start(paths, Program("sleeper", ["sleep", "300"]))
    socket = Path((paths.run / "supervisor.socket-path").read_text().strip())
    assert not socket.is_relative_to(paths.state)
    assert socket.stat().st_mode & 0o777 == 0o700
    assert socket.parent.stat().st_mode & 0o777 == 0o700
    supervisor.stop(60)
    assert not socket.parent.exists()


def test_a_program_that_cannot_start_is_a_sentence(paths: Paths) -> None:
    supervisor = start(paths, Program("broken", ["sh", "-c", "echo the reason; exit 1"]))
    supervisor.start_program("broken")
    wait_for(lambda: supervisor.programs()["broken"].state in ("BACKOFF", "FATAL"))
    with pytest.raises(StackError, match="did not start"):
        supervisor.start_program("absent")


def test_a_process_with_the_same_number_is_not_the_supervisor(paths: Paths) -> None:
    (paths.run / "supervisord.pid").write_text(f"{os.getpid()}\n")
    assert Supervisor(paths).process() is None


def test_per_cent_signs_are_no_references() -> None:
    text = configuration([Program("one", ["echo", "50%"])], "/tmp/s")
    assert "command=echo '50%%'" in text or "command=echo 50%%" in text

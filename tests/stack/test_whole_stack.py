"""The whole stack with Airflow, from nothing to healthy and back to nothing."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from stack import leftovers, ports
from stack.airflow_api import AirflowApi, health
from stack.errors import StackError
from stack.lifecycle import Stack
from stack.paths import REPOSITORY, Paths

pytestmark = pytest.mark.slow


@pytest.fixture
def stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory() as folder:
        names = [wish.variable for wish in ports.WISHES]
        environ = {**os.environ, **{name: str(ports.any_free_port()) for name in names}}
        stack = Stack(Paths(REPOSITORY, Path(folder, "state")), environ, print)
        yield stack
        stack.down()


def listening_addresses(process: psutil.Process) -> set[str]:
    try:
        connections = process.net_connections()
    except psutil.NoSuchProcess:
        return set()  # Reading a DAG file takes a process that soon ends.
    return {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def test_up_again_and_down(stack: Stack) -> None:
    running = stack.up()
    answer = health(running.ui_url)
    assert answer
    assert answer.is_healthy

    password = running.secrets.airflow_admin
    wrong = httpx.post(f"{running.ui_url}/auth/token", json={"username": "admin", "password": "admin"})
    assert wrong.status_code == 401
    api = AirflowApi(running.ui_url, password)
    pools = {pool["name"]: pool["slots"] for pool in api._call("GET", "/api/v2/pools")["pools"]}  # type: ignore[index]
    assert pools["ocr_gpu"] == running.settings.slots
    connection = api._call("GET", "/api/v2/connections/textmill_warehouse")
    assert connection
    assert (connection["host"], connection["port"]) == ("127.0.0.1", running.settings.ports.mariadb)
    assert running.secrets.mariadb_loader not in str(connection)

    processes = leftovers.find(stack.paths.state)
    assert len(processes) >= 10
    commands = " ".join(command_line(process) for process in processes)
    logs = "".join(file.read_text(errors="replace") for file in stack.paths.logs.rglob("*.log"))
    assert not [secret for secret in vars(running.secrets).values() if secret in commands + logs]
    assert {address for process in processes for address in listening_addresses(process)} == {"127.0.0.1"}

    began = time.monotonic()
    assert stack.up() == running
    assert time.monotonic() - began < 15

    stack.down()
    assert leftovers.find(stack.paths.state) == []
    assert not [process for process in processes if process.is_running() and process.status() != "zombie"]
    with pytest.raises(StackError, match="not running"):
        stack.attach()
    stack.remove_state()
    assert not stack.paths.state.exists()

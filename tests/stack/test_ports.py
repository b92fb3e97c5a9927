import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import ports
from stack.errors import StackError
from stack.ports import Ports


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def said() -> list[str]:
    return []


def three_free_ports() -> Ports:
    return Ports(ports.any_free_port(), ports.any_free_port(), ports.any_free_port())


def test_the_ports_of_the_last_start_are_kept(said: list[str]) -> None:
    last = three_free_ports()
    assert ports.choose({}, last, said.append) == last
    assert said == []


def test_a_taken_port_is_replaced_by_the_next_free_one_and_said_so(taken_port: int, said: list[str]) -> None:
    last = three_free_ports()
    chosen = ports.choose({}, Ports(taken_port, last.mariadb, last.postgres), said.append)
    assert chosen.ui > taken_port
    assert len(said) == 1
    assert f"Port {taken_port} for the Airflow UI is taken" in said[0]
    assert f"using {chosen.ui}" in said[0]


def test_a_demanded_port_that_is_taken_is_an_error_naming_the_variable(taken_port: int) -> None:
    with pytest.raises(StackError, match=f"Port {taken_port} for MariaDB is taken.*TEXTMILL_MARIADB_PORT"):
        ports.choose({"TEXTMILL_MARIADB_PORT": str(taken_port)}, None, print)


def test_a_demanded_port_is_left_alone_by_the_other_services(said: list[str]) -> None:
    last = three_free_ports()
    chosen = ports.choose({"TEXTMILL_POSTGRES_PORT": str(last.ui)}, last, said.append)
    assert chosen.postgres == last.ui
    assert chosen.ui != last.ui


def test_two_services_cannot_demand_the_same_port() -> None:
    port = str(ports.any_free_port())
    with pytest.raises(StackError, match="another service"):
        ports.choose({"TEXTMILL_UI_PORT": port, "TEXTMILL_MARIADB_PORT": port}, None, print)


@pytest.mark.parametrize("text", ["http", "0", "70000", "-1"])
def test_a_variable_that_is_no_port_is_an_error(text: str) -> None:
    with pytest.raises(StackError, match="TEXTMILL_UI_PORT must be a port number"):
        ports.choose({"TEXTMILL_UI_PORT": text}, None, print)


def test_ports_survive_in_their_file(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    assert ports.recall(file) is None
    ports.remember(file, Ports(1, 2, 3))
    assert ports.recall(file) == Ports(1, 2, 3)
    file.write_text("half a fi")
    assert ports.recall(file) is None


def test_the_holder_of_a_port_is_named(taken_port: int) -> None:
    assert "python" in ports.holder_of(taken_port) or "pytest" in ports.holder_of(taken_port)

"""Real servers, in a folder as awkward as a person may have: private, deep, with a space in its name."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy
from sqlalchemy import URL, text
from sqlalchemy.exc import OperationalError

from stack import leftovers, mariadb, postgres, secrets_store
from stack.airflow_configuration import MARK
from stack.mariadb import running_mariadb
from stack.paths import Paths
from stack.ports import any_free_port
from stack.postgres import running_postgres
from stack.servers import accepts_login, wait_until
from stack.supervision import Program, Supervisor


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """Made by mkdtemp: mode 0700, which another account cannot enter; deeper than a socket path may be."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder, "in a state", "d" * 100)


def rows(url: URL, sql: str) -> list[tuple[object, ...]]:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def execute(url: URL, sql: str) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.execute(text(sql))


def servers_below(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in argument for argument in process.info["cmdline"] or [])
    ]


def test_mariadb_is_private_strict_and_gone_afterwards(private_folder: Path) -> None:
    with running_mariadb(private_folder) as url:
        assert rows(url, "select current_user(), @@innodb_ft_min_token_size, @@character_set_server") == [
            ("textmill@127.0.0.1", 2, "utf8mb4")
        ]
        assert "STRICT_TRANS_TABLES" in str(rows(url, "select @@sql_mode"))
        assert not accepts_login(url.set(password="wrong"))
        assert not accepts_login(url.set(username="root", password=""))
        assert not accepts_login(url.set(username="", password=""))
        with pytest.raises(OperationalError, match="denied"):
            rows(url, "select * from mysql.global_priv")

        admin = url.set(
            username="root", password=secrets_store.load(private_folder / "secrets").mariadb_admin
        )
        listed = "select user, host from mysql.user where user not in ('mariadb.sys') order by user"
        assert rows(admin, listed) == [("root", "127.0.0.1"), ("textmill", "127.0.0.1")]
        (server,) = servers_below(private_folder)
        assert {connection.laddr.ip for connection in server.net_connections()} == {"127.0.0.1"}
        execute(url, "create table kept (n int)")
    assert servers_below(private_folder) == []
    with running_mariadb(private_folder) as url:
        assert rows(url, "show tables") == [("kept",)]


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_mariadb_is_whole_in_private_and_in_public_folders(mode: int) -> None:
    """Dropping a database opens a system table that nothing else of ours opens."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(mode)
        for _ in range(2):
            with running_mariadb(Path(folder)) as url:
                (server,) = servers_below(Path(folder))
                # Root only where the account of its own would have to pass a private folder.
                assert mode == 0o700 or os.geteuid() != 0 or server.uids().real != 0
                execute(url, "drop database textmill")
                execute(url.set(database=""), "create database textmill")
            assert "moved table" not in (Path(folder) / "logs" / "mariadb.log").read_text()
            mode = 0o755 if mode == 0o700 else 0o700
            Path(folder).chmod(mode)


def test_postgres_is_private_and_gone_afterwards(private_folder: Path) -> None:
    with running_postgres(private_folder) as url:
        assert rows(url, "select current_user, rolsuper from pg_roles where rolname = current_user") == [
            ("airflow", False)
        ]
        assert rows(url, "show server_encoding") == [("UTF8",)]
        assert not accepts_login(url.set(password="wrong"))
        (server,) = servers_below(private_folder)
        assert server.uids().real != 0
        assert {connection.laddr.ip for connection in server.net_connections()} == {"127.0.0.1"}
    assert servers_below(private_folder) == []


def test_no_secret_shows_on_a_command_line_or_in_a_log(private_folder: Path) -> None:
    with running_mariadb(private_folder), running_postgres(private_folder):
        secrets = vars(secrets_store.load(private_folder / "secrets")).values()
        commands = " ".join(" ".join(process.cmdline()) for process in servers_below(private_folder))
        environments = repr([process.environ() for process in servers_below(private_folder)])
    logs = "".join(file.read_text() for file in (private_folder / "logs").iterdir())
    assert not [secret for secret in secrets if secret in commands + environments + logs]


def test_a_supervised_pair_ends_without_a_trace(private_folder: Path) -> None:
    paths = Paths(private_folder.parent, private_folder)
    paths.create()
    secrets = secrets_store.load_or_create(paths.secrets)
    maria_port, postgres_port = any_free_port(), any_free_port()
    maria = mariadb.command(paths.mariadb, mariadb.prepare(paths.mariadb, secrets), maria_port)
    cluster = postgres.command(paths.postgres, postgres.prepare(paths.postgres, secrets), postgres_port)
    programs = [
        Program("mariadb", maria, starts_at_once=True),
        Program("postgres", cluster, stop_signal="INT", starts_at_once=True),
    ]
    supervisor = Supervisor(paths)
    supervisor.start(programs, {"PATH": os.environ["PATH"], MARK: str(paths.state)})
    alive = lambda: bool(supervisor.programs())  # noqa: E731
    wait_until(lambda: mariadb.answers(secrets, maria_port), alive, "MariaDB", paths.logs / "mariadb.log")
    wait_until(
        lambda: postgres.answers(secrets, postgres_port), alive, "PostgreSQL", paths.logs / "postgres.log"
    )
    # The supervisor, both servers and PostgreSQL's own processes, which carry no mark.
    assert len(leftovers.find(paths.state)) >= 7
    process = supervisor.process()
    assert process
    process.kill()
    process.wait(5)
    assert leftovers.end(paths.state) >= 6
    supervisor.stop(1)
    assert leftovers.find(paths.state) == []
    assert servers_below(private_folder) == []


def test_a_broken_first_start_is_made_good_by_the_next(private_folder: Path) -> None:
    secrets_store.load_or_create(private_folder / "secrets")
    rubbish = private_folder / "postgres" / "data"
    rubbish.mkdir(parents=True)
    (rubbish / "PG_VERSION").write_text("")
    with running_postgres(private_folder) as url:
        assert rows(url, "select 1") == [(1,)]

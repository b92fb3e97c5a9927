"""The private PostgreSQL cluster that holds Airflow's metadata: own data, own port, loopback only."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from stack import ports, secrets_store, servers
from stack.accounts import ServerAccount, server_account
from stack.commands import run_to_end
from stack.errors import StackError
from stack.secrets_store import Secrets

DATABASE = "airflow"
ROLE = "airflow"
_READY = "initialised"
_DEBIAN = Path("/usr/lib/postgresql")


def prepare(home: Path, secrets: Secrets) -> ServerAccount:
    """Create the cluster with Airflow's role and database, unless that is done; returns who runs it."""
    account = server_account(home)
    ready = home / _READY
    if ready.exists():
        return account
    data, password_file = home / "data", home / "admin-password"
    # What a broken attempt left is worth nothing: the mark is written last.
    shutil.rmtree(data, ignore_errors=True)
    failure = "The private PostgreSQL cluster could not be created"
    programs = _programs(data)
    try:
        secrets_store.write_private(password_file, secrets.postgres_admin + "\n")
        account.own(password_file)
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", f"--pwfile={password_file}"]
        initdb += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
        run_to_end([*account.prefix, *initdb], failure=failure, cwd=home)
    finally:
        password_file.unlink(missing_ok=True)
    # Single-user mode reads SQL from standard input: no server listens, no password shows in `ps`.
    single = [*account.prefix, str(programs / "postgres"), "--single", "-D", str(data), "postgres"]
    sql = f"CREATE ROLE {ROLE} LOGIN PASSWORD '{secrets.postgres_airflow}';\n"
    sql += f"CREATE DATABASE {DATABASE} OWNER {ROLE};\n"
    run_to_end(single, failure=failure, stdin=sql, cwd=home, hidden=(secrets.postgres_airflow,))
    ready.touch()
    return account


def command(home: Path, account: ServerAccount, port: int) -> list[str]:
    """The command line of the server; it holds no secret."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        # No socket file: its path would be too long for the kernel in a deep folder.
        "unix_socket_directories": "",
        "max_connections": 100,
        "shared_buffers": "64MB",
        "max_wal_size": "256MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [*account.prefix, str(_programs(home / "data") / "postgres"), "-D", str(home / "data"), *options]


def airflow_url(secrets: Secrets, port: int) -> URL:
    """How Airflow reaches its metadata; the asynchronous URL is derived from it by Airflow."""
    return URL.create(
        "postgresql+psycopg2",
        username=ROLE,
        password=secrets.postgres_airflow,
        host="127.0.0.1",
        port=port,
        database=DATABASE,
    )


def answers(secrets: Secrets, port: int) -> bool:
    """Whether Airflow's role can log in."""
    return servers.accepts_login(airflow_url(secrets, port))


@contextmanager
def running_postgres(state_dir: Path) -> Iterator[URL]:
    """A PostgreSQL of its own below `state_dir` on any free port, for the length of the block."""
    secrets = secrets_store.load_or_create(state_dir / "secrets")
    home, log = state_dir / "postgres", state_dir / "logs" / "postgres.log"
    account = prepare(home, secrets)
    port = ports.any_free_port()
    # SIGINT is PostgreSQL's fast shutdown: it ends open sessions instead of waiting for them.
    server = servers.child_server(command(home, account, port), log=log, stop_signal=signal.SIGINT)
    with server as alive:
        servers.wait_until(lambda: answers(secrets, port), alive, "PostgreSQL", log)
        yield airflow_url(secrets, port)


def _programs(data: Path) -> Path:
    """The folder of the server programs: those that fit existing data, else the newest."""
    versions = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]), reverse=True)
    version_file = data / "PG_VERSION"
    if version_file.exists():
        version = version_file.read_text().strip()
        fitting = [path for path in versions if path.parts[-3] == version]
        if versions and not fitting:
            raise StackError(
                f"The cluster below {data} was made by PostgreSQL {version}, which is no longer installed: "
                f"install postgresql-{version}, or remove the state with `make clean`."
            )
        versions = fitting
    if versions:
        return versions[0].parent
    if on_path := shutil.which("postgres"):
        return Path(on_path).resolve().parent
    raise StackError("PostgreSQL is not installed (package postgresql): run `make setup`.")

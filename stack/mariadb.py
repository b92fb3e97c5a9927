"""The private MariaDB that holds the warehouse: own data, own port, loopback only."""

from __future__ import annotations

import os
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

DATABASE = "textmill"
LOADER = "textmill"
ANALYST = "analyst"
_ADMIN = "root"
_HOST = "127.0.0.1"
_READY = "initialised"


def prepare(home: Path, secrets: Secrets) -> ServerAccount:
    """Create the data folder, the database and its accounts, unless that is done; returns who runs it."""
    account = _account(home)
    ready = home / _READY
    if ready.exists():
        _hand_over(home, account)
        return account
    data, temporary = home / "data", home / "tmp"
    for folder in (data, temporary):
        # What a broken attempt left is worth nothing: the mark is written last.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        account.own(folder)
    failure = "The private MariaDB could not be created"
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}"]
    install += ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
    # Not as an option: the script tears options that it does not know apart at their spaces.
    environment = {**os.environ, "TMPDIR": str(temporary)}
    run_to_end([*account.prefix, *install], failure=failure, cwd=home, environment=environment)
    # The accounts are made before the server ever listens, so nobody meets one without a password.
    bootstrap = [*account.prefix, _program(), "--no-defaults", "--bootstrap"]
    bootstrap += [f"--datadir={data}", f"--tmpdir={temporary}"]
    hidden = (secrets.mariadb_admin, secrets.mariadb_loader)
    run_to_end(bootstrap, failure=failure, stdin=_account_sql(secrets), cwd=home, hidden=hidden)
    ready.touch()
    return account


def command(home: Path, account: ServerAccount, port: int) -> list[str]:
    """The command line of the server; it holds no secret."""
    return [
        *account.prefix,
        _program(),
        "--no-defaults",
        *_user(account),
        f"--datadir={home / 'data'}",
        f"--tmpdir={home / 'tmp'}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        # No socket file: its path would be too long for the kernel in a deep folder.
        "--socket=",
        "--skip-name-resolve",
        "--local-infile=OFF",
        "--character-set-server=utf8mb4",
        "--collation-server=utf8mb4_unicode_ci",
        "--sql-mode=STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
        "NO_ENGINE_SUBSTITUTION",
        "--default-time-zone=+00:00",
        "--max-connections=100",
        # A document's text is sent as one value, in which every quotation mark takes two bytes.
        "--max-allowed-packet=256M",
        # As many as a dozen tables need; the default asks for more open files than many systems allow.
        "--table-open-cache=400",
        "--innodb-buffer-pool-size=256M",
        # Two-letter words and most abbreviations of forms and invoices are worth finding.
        "--innodb-ft-min-token-size=2",
        # Whoever looks for "to be", "WHO" or "de la" finds them. The migration that builds the index sets it
        # for itself; this is for a rebuild by hand.
        "--innodb-ft-enable-stopword=OFF",
    ]


def loader_url(secrets: Secrets, port: int) -> URL:
    """How the loader, the reports and the migrations reach the warehouse."""
    return _url(LOADER, secrets.mariadb_loader, port)


def analyst_url(secrets: Secrets, port: int) -> URL:
    """How those reach the warehouse who read its views."""
    return _url(ANALYST, secrets.mariadb_analyst, port)


def let_analysts_read(secrets: Secrets, port: int) -> None:
    """Give the account of analysts the views as they are now; the warehouse is migrated. Safe to repeat."""
    from textmill.warehouse.analysts import ensure_analyst, grant_role
    from textmill.warehouse.connection import administration_engine

    engine = administration_engine(_url(_ADMIN, secrets.mariadb_admin, port))
    with engine.begin() as connection:
        grant_role(connection)
        ensure_analyst(connection, ANALYST, _HOST, secrets.mariadb_analyst)


def _url(account: str, password: str, port: int) -> URL:
    return URL.create(
        "mysql+mysqldb",
        username=account,
        password=password,
        host=_HOST,
        port=port,
        database=DATABASE,
        query={"charset": "utf8mb4"},
    )


def answers(secrets: Secrets, port: int) -> bool:
    """Whether the loader can log in."""
    return servers.accepts_login(loader_url(secrets, port))


def client_options(secrets: Secrets, port: int, account: str = LOADER) -> str:
    """The option file of the command-line client, which keeps the password off the command line."""
    password = secrets.mariadb_analyst if account == ANALYST else secrets.mariadb_loader
    lines = ["[client]", f"host={_HOST}", f"port={port}", "protocol=tcp", f"user={account}"]
    lines += [f"password={password}", "default-character-set=utf8mb4"]
    return "\n".join([*lines, ""])


@contextmanager
def running_mariadb(state_dir: Path) -> Iterator[URL]:
    """A MariaDB of its own below `state_dir` on any free port, for the length of the block.

    Yields the loader's URL; all accounts, settings and rights are those of a real stack.
    """
    secrets = secrets_store.load_or_create(state_dir / "secrets")
    home, log = state_dir / "mariadb", state_dir / "logs" / "mariadb.log"
    account = prepare(home, secrets)
    port = ports.any_free_port()
    server = servers.child_server(command(home, account, port), log=log, stop_signal=signal.SIGTERM)
    with server as alive:
        servers.wait_until(lambda: answers(secrets, port), alive, "MariaDB", log)
        yield loader_url(secrets, port)


def _account(home: Path) -> ServerAccount:
    """Who runs the server.

    With the capability to pass through private folders, MariaDB 10.11 takes its own system tables for moved
    from another machine, and damages them. There, and only there, it runs as the root that started it.
    """
    account = server_account(home)
    return ServerAccount(uid=0, gid=0) if account.has_capability else account


def _user(account: ServerAccount) -> list[str]:
    # MariaDB runs as root only when it is told so.
    return ["--user=root"] if account.uid == 0 else []


def _hand_over(home: Path, account: ServerAccount) -> None:
    """Give files to the account that runs the server now: a folder may have become private, or public."""
    for path in (*(home / "data").rglob("*"), home / "data", home / "tmp"):
        if account.uid is not None and path.stat().st_uid != account.uid:
            account.own(path)


def _program() -> str:
    # mariadbd lies in /usr/sbin, which is not on everybody's PATH.
    found = shutil.which("mariadbd") or shutil.which(
        "mariadbd", path="/usr/sbin:/usr/local/sbin:/usr/libexec"
    )
    if found is None:
        raise StackError("MariaDB is not installed (package mariadb-server-core): run `make setup`.")
    return found


def _account_sql(secrets: Secrets) -> str:
    """Database and accounts; one statement a line, as the bootstrap mode reads them."""
    statements = [
        # What mariadb-install-db makes has no password: those accounts go before anything else.
        "DELETE FROM mysql.global_priv WHERE User IN ('', 'root')",
        "DELETE FROM mysql.proxies_priv",
        "FLUSH PRIVILEGES",
        f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        f"CREATE USER '{LOADER}'@'127.0.0.1' IDENTIFIED BY '{secrets.mariadb_loader}'",
        f"GRANT ALL PRIVILEGES ON {DATABASE}.* TO '{LOADER}'@'127.0.0.1'",
        f"CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '{secrets.mariadb_admin}'",
        "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION",
    ]
    return "".join(f"{statement};\n" for statement in statements)

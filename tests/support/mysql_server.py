"""A real MySQL server for the tests, on a machine whose distribution has only MariaDB.

Debian's unstable suite has MySQL (a long-term release after 8.4). It is built against a newer C library than
a stable system has, so it is unpacked with all that it depends on into a folder of its own, and run with the
loader and the libraries from there. apt fetches and verifies the packages; the system's own package lists are
not touched.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, text

from stack import ports, servers
from stack.mariadb import DATABASE, LOADER

_SUITE = "sid"
_PACKAGE = "mysql-server-core"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_PASSWORD = "only-for-tests"


@contextmanager
def running_mysql(packages: Path, state_dir: Path) -> Iterator[URL]:
    """Run a MySQL of its own below `state_dir`; yields the URL of an account like the loader's.

    Args:
        packages: folder in which the unpacked server is kept from one time to the next.
    """
    program = _program(packages)
    data = state_dir / "mysql"
    subprocess.run(
        [*program, "--initialize-insecure", "--user=root", f"--datadir={data}"],
        check=True,
        capture_output=True,
    )
    port, log = ports.any_free_port(), state_dir / "mysql.log"
    command = [
        *program,
        "--user=root",
        f"--datadir={data}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={state_dir / 'mysql.sock'}",
        "--mysqlx=OFF",
        "--secure-file-priv=NULL",
        "--character-set-server=utf8mb4",
        "--collation-server=utf8mb4_unicode_ci",
        "--default-time-zone=+00:00",
        "--max-allowed-packet=256M",
        "--innodb-ft-min-token-size=2",
        f"--init-file={_accounts(state_dir)}",
    ]
    url = URL.create(
        "mysql+mysqldb", LOADER, _PASSWORD, "127.0.0.1", port, DATABASE, query={"charset": "utf8mb4"}
    )
    with servers.child_server(command, log=log, stop_signal=signal.SIGTERM) as alive:
        servers.wait_until(lambda: servers.accepts_login(url), alive, "MySQL", log)
        yield url


def version_of(url: URL) -> str:
    """Return what the server says that it is."""
    engine = create_engine(url)
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT VERSION()")).scalar_one())


def _accounts(state_dir: Path) -> Path:
    """Write the statements that the server runs before anybody can connect."""
    file = state_dir / "accounts.sql"
    file.write_text(
        f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;\n"
        f"CREATE USER IF NOT EXISTS '{LOADER}'@'127.0.0.1' IDENTIFIED BY '{_PASSWORD}';\n"
        f"GRANT ALL PRIVILEGES ON {DATABASE}.* TO '{LOADER}'@'127.0.0.1';\n"
        # A production server with a binary log wants this for stored functions; see docs/warehouse.md.
        "SET PERSIST log_bin_trust_function_creators = 1;\n"
        f"CREATE USER IF NOT EXISTS 'root'@'127.0.0.1' IDENTIFIED BY '{_PASSWORD}';\n"
        "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n",
        encoding="utf-8",
    )
    return file


def _program(packages: Path) -> list[str]:
    """The beginning of the server's command line; it is fetched the first time."""
    root = packages / "root"
    if not (packages / "complete").exists():
        _fetch(packages)
        shutil.rmtree(root, ignore_errors=True)
        for package in sorted((packages / "cache" / "archives").glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", str(package), str(root)], check=True)
        (packages / "complete").touch()
    libraries = root / "usr" / "lib" / "x86_64-linux-gnu"
    paths = f"{libraries}:{root / 'usr' / 'lib' / 'mysql' / 'private'}"
    return [
        str(libraries / "ld-linux-x86-64.so.2"),
        "--library-path",
        paths,
        str(root / "usr" / "sbin" / "mysqld"),
        "--no-defaults",
        f"--basedir={root / 'usr'}",
        f"--lc-messages-dir={root / 'usr' / 'share' / 'mysql'}",
    ]


def _fetch(packages: Path) -> None:
    """Download the server and all that it needs, as if nothing were installed."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (packages / folder).mkdir(parents=True, exist_ok=True)
    (packages / "status").touch()
    (packages / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {_mirror()} {_SUITE} main\n")
    options = {
        "Dir::Etc::SourceList": packages / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": packages / "lists",
        "Dir::State::status": packages / "status",
        "Dir::Cache": packages / "cache",
        "APT::Install-Recommends": "no",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", "-y", *(f"-o{name}={value}" for name, value in options.items())]
    subprocess.run([*apt, "update"], check=True)
    subprocess.run([*apt, "--download-only", "install", _PACKAGE], check=True)


def _mirror() -> str:
    """Where this machine gets its own packages from."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    mirrors = [line.split()[-1] for line in listed.splitlines() if line.startswith("Debian ")]
    mirrors = [mirror for mirror in mirrors if "security" not in mirror]
    if not mirrors:
        raise RuntimeError("This machine has no mirror of Debian: `apt-get update` first.")
    return mirrors[0].rstrip("/")

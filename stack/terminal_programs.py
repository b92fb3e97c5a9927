"""Programs that take over the terminal: the SQL client, the log viewer and Airflow's own."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from stack import airflow_configuration, mariadb, secrets_store
from stack.errors import StackError
from stack.lifecycle import SERVICES, Running
from stack.paths import Paths

_LINES_FOLLOWED = 20
_LINES_PRINTED = 200


_ACCOUNTS = {"": mariadb.LOADER, "loader": mariadb.LOADER, "analyst": mariadb.ANALYST}


def sql_command(running: Running, environ: Mapping[str, str], interactive: bool) -> list[str]:
    """The command line of the SQL client; the password is in a file that only we may read.

    Args:
        environ: `ACCOUNT` is the account, `analyst` or `loader` (the default); `RAW` is 1 for unescaped rows.
    """
    program = shutil.which("mariadb")
    if program is None:
        raise StackError("The client of MariaDB is missing (package mariadb-client-core): run `make setup`.")
    wanted = environ.get("ACCOUNT", "")
    if wanted not in _ACCOUNTS:
        raise StackError(f"There is no account {wanted!r}: ACCOUNT is analyst or loader.")
    settings, account = running.settings, _ACCOUNTS[wanted]
    name = "mariadb_client.cnf" if account == mariadb.LOADER else f"mariadb_client_{account}.cnf"
    options = settings.paths.secrets / name
    content = mariadb.client_options(running.secrets, settings.ports.mariadb, account)
    secrets_store.write_private(options, content)
    command = [program, f"--defaults-file={options}", mariadb.DATABASE]
    if not interactive:
        # Bare rows, tab-separated, for other programs; RAW=1 leaves newlines and tabs as they are.
        command += ["--batch", "--skip-column-names"]
        if environ.get("RAW") == "1":
            command.append("--raw")
    return command


def logs_command(paths: Paths, service: str | None, follow: bool) -> list[str]:
    """The command line that shows the logs of one service or of all."""
    known = [*SERVICES, "supervisord"]
    if service and service not in known:
        raise StackError(f"There is no service {service!r}: SERVICE is one of {', '.join(known)}.")
    files = [paths.logs / f"{name}.log" for name in ([service] if service else known)]
    existing = [str(file) for file in files if file.exists()]
    if not existing:
        raise StackError(f"There are no logs in {paths.logs} yet: start with `make run` or `make start`.")
    mode = ["-n", str(_LINES_FOLLOWED), "-F"] if follow else ["-n", str(_LINES_PRINTED)]
    return ["tail", *mode, *existing]


def airflow_command(
    running: Running, environ: Mapping[str, str], line: str, words: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment of Airflow's program.

    Args:
        line: arguments as they would be typed; they are split as a shell does, and no shell sees them.
        words: further arguments, as they are.
    """
    try:
        arguments = [*shlex.split(line), *words]
    except ValueError as error:
        raise StackError(f"ARGS cannot be split into arguments ({error}): {line}") from None
    environment = airflow_configuration.environment(running.settings, environ)
    # It is no service of the stack: stopping the stack leaves it alone.
    del environment[airflow_configuration.MARK]
    return [sys.executable, "-m", "airflow", *(arguments or ["--help"])], environment


def module_command(
    running: Running, environ: Mapping[str, str], module: str, words: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment of a module that may ask for Airflow's connections."""
    environment = airflow_configuration.environment(running.settings, environ)
    del environment[airflow_configuration.MARK]
    repository = running.settings.paths.repository
    searched = [str(repository), str(repository / "plugins"), environment["PYTHONPATH"]]
    # So Airflow looks for connections in its own database, as its servers do.
    context = {
        "_AIRFLOW_PROCESS_CONTEXT": "server",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "PYTHONPATH": ":".join(searched),
    }
    return [sys.executable, "-m", module, *words], environment | context


def become(command: list[str], environment: Mapping[str, str] | None = None) -> NoReturn:
    """Replace this process by a program, which so gets the terminal and its signals for itself."""
    sys.stdout.flush()
    os.execvpe(command[0], command, os.environ if environment is None else environment)  # noqa: S606 - no shell

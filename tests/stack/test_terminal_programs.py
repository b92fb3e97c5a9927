import os
import subprocess
from pathlib import Path

import pytest

from stack import secrets_store
from stack.airflow_configuration import MARK, AirflowSettings
from stack.errors import StackError
from stack.lifecycle import Running
from stack.paths import Paths
from stack.ports import Ports
from stack.terminal_programs import airflow_command, logs_command, sql_command


@pytest.fixture
def running(tmp_path: Path) -> Running:
    paths = Paths(tmp_path, tmp_path / "state")
    paths.create()
    secrets = secrets_store.load_or_create(paths.secrets)
    return Running(AirflowSettings(paths, Ports(1, 2, 3), slots=1), secrets)


def test_the_password_of_the_client_is_in_a_private_file_only(running: Running) -> None:
    command = sql_command(running, {}, interactive=True)
    options = Path(command[1].removeprefix("--defaults-file="))
    assert running.secrets.mariadb_loader not in " ".join(command)
    assert f"password={running.secrets.mariadb_loader}" in options.read_text()
    assert options.stat().st_mode & 0o777 == 0o600


def test_rows_are_bare_without_a_terminal_and_raw_on_demand(running: Running) -> None:
    assert "--batch" not in sql_command(running, {"RAW": "1"}, interactive=True)
    assert sql_command(running, {}, interactive=False)[-2:] == ["--batch", "--skip-column-names"]
    assert sql_command(running, {"RAW": "1"}, interactive=False)[-1] == "--raw"


def test_analysts_have_an_account_of_their_own(running: Running) -> None:
    command = sql_command(running, {"ACCOUNT": "analyst"}, interactive=True)
    options = Path(command[1].removeprefix("--defaults-file=")).read_text()
    assert "user=analyst" in options
    assert running.secrets.mariadb_loader not in options
    with pytest.raises(StackError, match="ACCOUNT is analyst or loader"):
        sql_command(running, {"ACCOUNT": "root"}, interactive=True)


def test_no_variable_of_ours_is_one_that_make_sets_itself(repository: Path) -> None:
    known = subprocess.run(
        ["make", "-p", "-q", "-f", "/dev/null"],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.environ["PATH"]
        },  # what was exported by the make that runs the tests is not make's own
    ).stdout
    lines = (repository / "Makefile").read_text().splitlines()
    exported = {name for line in lines if line.startswith("export ") for name in line.split()[1:]}
    assert "ACCOUNT" in exported
    assert {name for name in exported if f"\n{name} = " in known} == set()


def test_logs_of_one_service_or_all(running: Running) -> None:
    paths = running.settings.paths
    with pytest.raises(StackError, match="no logs"):
        logs_command(paths, None, follow=True)
    for name in ("scheduler", "mariadb"):
        (paths.logs / f"{name}.log").touch()
    assert logs_command(paths, "scheduler", follow=False)[-1] == str(paths.logs / "scheduler.log")
    assert "-F" in logs_command(paths, None, follow=True)
    with pytest.raises(StackError, match="SERVICE is one of mariadb"):
        logs_command(paths, "shceduler", follow=True)


def test_airflow_is_given_its_arguments_as_they_were_typed(running: Running) -> None:
    line = """backfill create --dag-id media_ingest --dag-run-conf '{"source": "/a b/$HOME"}'"""
    command, environment = airflow_command(running, {"AIRFLOW__CORE__EXECUTOR": "Other"}, line, ["--dry-run"])
    assert command[1:] == [
        *("-m", "airflow", "backfill", "create", "--dag-id", "media_ingest"),
        *("--dag-run-conf", '{"source": "/a b/$HOME"}', "--dry-run"),
    ]
    assert environment["AIRFLOW_HOME"] == str(running.settings.paths.airflow)
    assert "AIRFLOW__CORE__EXECUTOR" not in environment
    assert MARK not in environment, "stopping the stack would end it"


def test_airflow_without_arguments_shows_its_help_and_a_lone_quote_is_a_sentence(running: Running) -> None:
    assert airflow_command(running, {}, "", [])[0][-1] == "--help"
    with pytest.raises(StackError, match="ARGS cannot be split"):
        airflow_command(running, {}, "dags list 'x", [])

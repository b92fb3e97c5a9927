"""What is up, where, and whether it is well."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from stack.airflow_api import Health, health
from stack.ingest import duration
from stack.lifecycle import TRIGGERER, Running, Stack, services
from stack.mariadb import answers as mariadb_answers
from stack.postgres import answers as postgres_answers
from stack.supervision import ProgramState


@dataclass(frozen=True)
class ServiceStatus:
    """One service: its state, its place, and its health."""

    name: str
    state: str
    where: str
    healthy: bool


def statuses(stack: Stack, running: Running) -> list[ServiceStatus]:
    """The status of every service of a stack whose supervisor runs."""
    programs = stack.supervisor.programs()
    well = _health_of(running)
    places = _places(running)
    names = services(running.settings)
    return [_status(name, programs.get(name), places[name], well[name]) for name in names]


def table(rows: list[ServiceStatus]) -> Table:
    """The statuses as a table."""
    result = Table(title="Textmill", title_justify="left")
    for column in ("service", "state", "where", "healthy"):
        result.add_column(column)
    for row in rows:
        result.add_row(row.name, row.state, row.where, "yes" if row.healthy else "NO")
    return result


def _status(name: str, program: ProgramState | None, where: str, answers: bool) -> ServiceStatus:
    if program is None:
        return ServiceStatus(name, "unknown", where, False)
    state = f"up for {duration(program.seconds)}" if program.is_running else program.state.lower()
    return ServiceStatus(name, state, where, program.is_running and answers)


def _health_of(running: Running) -> dict[str, bool]:
    airflow = health(running.ui_url) or Health(None, None, None, None)
    ports, secrets = running.settings.ports, running.secrets
    return {
        "mariadb": mariadb_answers(secrets, ports.mariadb),
        "postgres": postgres_answers(secrets, ports.postgres),
        "api-server": airflow.metadatabase == "healthy",
        "scheduler": airflow.scheduler == "healthy",
        "dag-processor": airflow.dag_processor == "healthy",
        TRIGGERER: airflow.triggerer == "healthy",
    }


def _places(running: Running) -> dict[str, str]:
    ports = running.settings.ports
    return {
        "mariadb": f"127.0.0.1:{ports.mariadb}",
        "postgres": f"127.0.0.1:{ports.postgres}",
        "api-server": running.ui_url,
        "scheduler": f"{running.settings.parallelism} tasks at once, {running.settings.slots} of them OCR",
        "dag-processor": str(running.settings.paths.repository / "dags"),
        TRIGGERER: f"watches {running.settings.inbox}",
    }

"""A stack from nothing to healthy, and back to nothing."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial

from stack import airflow_configuration, inbox, leftovers, machine, mariadb, ports, postgres, secrets_store
from stack.airflow_api import health, opens_to_tasks
from stack.airflow_configuration import AirflowSettings
from stack.commands import run_to_end
from stack.errors import DISK_FULL, StackError, mentions_full_disk
from stack.locking import exclusive
from stack.models import prepare_models
from stack.paths import Paths
from stack.secrets_store import Secrets
from stack.servers import wait_until
from stack.supervision import Program, Supervisor

DATABASES = ("mariadb", "postgres")
AIRFLOW = ("api-server", "scheduler", "dag-processor")
TRIGGERER = "triggerer"
SERVICES = (*DATABASES, *AIRFLOW, TRIGGERER)

_HEALTHY_SECONDS = 180.0
_STOP_SECONDS = 60.0
_PORTS = "ports.json"
_INBOX = "inbox"
_APPLIED = "airflow-applied"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Running:
    """A stack that is up: what its users need to reach it."""

    settings: AirflowSettings
    secrets: Secrets

    @property
    def ui_url(self) -> str:
        """Where a browser finds Airflow."""
        return self.settings.ui_url


class Stack:
    """All servers of one state folder."""

    def __init__(self, paths: Paths, environ: Mapping[str, str], say: Say) -> None:
        self.paths = paths
        self.supervisor = Supervisor(paths)
        self._environ = environ
        self._say = say

    def up(self) -> Running:
        """Bring everything up and wait until it is healthy; what runs already is left alone."""
        _check_settings(self._environ)
        machine.check_disk(self.paths.state)
        self.paths.create()
        with exclusive(self.paths.run / "lock", self._say):
            secrets = secrets_store.load_or_create(self.paths.secrets)
            if self.supervisor.process() is None:
                settings = self._start_databases(secrets)
            else:
                settings = self._running_settings()
            self._wait_for_databases(settings, secrets)
            self._bring_up_to_date(settings, secrets)
            for name in services(settings):
                self.supervisor.start_program(name)
            self._wait_until_healthy(settings)
        return Running(settings, secrets)

    def attach(self) -> Running:
        """The stack as it runs now; a sentence when it does not."""
        if self.supervisor.process() is None:
            raise StackError("Textmill is not running: start it with `make run` or `make start`.")
        return Running(self._running_settings(), secrets_store.load(self.paths.secrets))

    def down(self) -> int:
        """Stop everything and make sure of it; returns how many processes had outlived the supervisor."""
        if not self.paths.run.is_dir():
            return 0
        with exclusive(self.paths.run / "lock", self._say):
            known = leftovers.find(self.paths.state)
            self.supervisor.stop(_STOP_SECONDS)
            left = leftovers.end(self.paths.state, known)
            remaining = leftovers.find(self.paths.state)
        if remaining:
            named = ", ".join(f"{process.pid}" for process in remaining)
            raise StackError(f"These processes of Textmill could not be ended: {named}.")
        return left

    def remove_state(self) -> None:
        """Delete the state folder with everything that was loaded; only ever one that we made."""
        if not self.paths.state.exists():
            return
        if not self.paths.is_state():
            raise StackError(f"{self.paths.state} is no state folder of Textmill; nothing was removed.")
        shutil.rmtree(self.paths.state)

    def _start_databases(self, secrets: Secrets) -> AirflowSettings:
        """Prepare both servers at once, write all configuration, start the supervisor."""
        leftovers.end(self.paths.state)
        folder = inbox.wanted(self._environ)
        file = self.paths.run / _PORTS
        chosen = ports.choose(self._environ, ports.recall(file), self._say)
        settings = AirflowSettings(self.paths, chosen, machine.ocr_slots(self._environ), folder)
        if not (self.paths.mariadb / "data").exists():
            self._say("Creating the private MariaDB and PostgreSQL…")
        with ThreadPoolExecutor() as pool:
            for_mariadb = pool.submit(mariadb.prepare, self.paths.mariadb, secrets)
            for_postgres = pool.submit(postgres.prepare, self.paths.postgres, secrets)
            programs = [
                Program(
                    "mariadb",
                    mariadb.command(self.paths.mariadb, for_mariadb.result(), chosen.mariadb),
                    stop_seconds=30,
                    starts_at_once=True,
                ),
                Program(
                    "postgres",
                    postgres.command(self.paths.postgres, for_postgres.result(), chosen.postgres),
                    stop_signal="INT",
                    stop_seconds=30,
                    starts_at_once=True,
                ),
            ]
        self._write_airflow_files(settings, secrets)
        ports.remember(file, chosen)
        (self.paths.run / "slots").write_text(f"{settings.slots}\n")
        inbox.remember(self.paths.run / _INBOX, folder)
        self._say("Starting Textmill…")
        environment = airflow_configuration.environment(settings, self._environ)
        self.supervisor.start([*programs, *_airflow_programs(settings)], environment)
        return settings

    def _write_airflow_files(self, settings: AirflowSettings, secrets: Secrets) -> None:
        configuration = airflow_configuration.configuration(settings, secrets)
        secrets_store.write_private(self.paths.airflow / "airflow.cfg", configuration)
        passwords = airflow_configuration.admin_passwords(secrets)
        secrets_store.write_private(self.paths.secrets / "airflow_passwords.json", passwords)
        options = mariadb.client_options(secrets, settings.ports.mariadb)
        secrets_store.write_private(self.paths.secrets / "mariadb_client.cnf", options)

    def _running_settings(self) -> AirflowSettings:
        """The settings a running stack was started with; a sentence when the caller demands others."""
        chosen = ports.recall(self.paths.run / _PORTS)
        if chosen is None:
            raise StackError(f"{self.paths.run / _PORTS} is missing: `make stop`, then start again.")
        for wish in ports.WISHES:
            port = ports.demanded(wish, self._environ)
            if port not in (None, getattr(chosen, wish.name)):
                raise StackError(
                    f"{wish.variable} says {port}, but this stack already runs with {wish.service} on port "
                    f"{getattr(chosen, wish.name)}: `make stop` first, then start again."
                )
        slots = int((self.paths.run / "slots").read_text())
        folder = inbox.recall(self.paths.run / _INBOX, self._environ)
        return AirflowSettings(self.paths, chosen, slots, folder)

    def _wait_for_databases(self, settings: AirflowSettings, secrets: Secrets) -> None:
        questions = {
            "mariadb": partial(mariadb.answers, secrets, settings.ports.mariadb),
            "postgres": partial(postgres.answers, secrets, settings.ports.postgres),
        }
        for name, answers in questions.items():
            self.supervisor.start_program(name)
            wait_until(answers, partial(self._is_up, name), name, self.paths.logs / f"{name}.log")

    def _is_up(self, name: str) -> bool:
        state = self.supervisor.programs().get(name)
        return state is not None and not state.has_failed

    def _bring_up_to_date(self, settings: AirflowSettings, secrets: Secrets) -> None:
        """Airflow's tables, the warehouse's tables and the models, all at once as each takes seconds."""
        with ThreadPoolExecutor() as pool:
            work = [
                pool.submit(self._set_airflow_up, settings, secrets),
                pool.submit(prepare_models, self.paths),
                pool.submit(_migrate_warehouse, settings, secrets),
            ]
        for item in work:
            item.result()

    def _set_airflow_up(self, settings: AirflowSettings, secrets: Secrets) -> None:
        applied = self.paths.run / _APPLIED
        wanted = _fingerprint(settings, secrets)
        if applied.exists() and applied.read_text() == wanted:
            return
        if not applied.exists():
            self._say("Preparing Airflow…")
        run_to_end(
            [sys.executable, "-m", "stack.airflow_setup"],
            failure="Airflow could not be prepared",
            stdin=json.dumps({"ports": asdict(settings.ports), "slots": settings.slots}),
            environment=airflow_configuration.environment(settings, self._environ),
            cwd=self.paths.repository,
        )
        applied.write_text(wanted)

    def _wait_until_healthy(self, settings: AirflowSettings) -> None:
        deadline = time.monotonic() + _HEALTHY_SECONDS
        needed = services(settings)
        while True:
            states = self.supervisor.programs()
            for name in needed:
                if name not in states or states[name].has_failed:
                    self.supervisor.check(name)
            answer = health(settings.ui_url)
            well = answer and answer.is_healthy and (not settings.inbox or answer.triggerer == "healthy")
            if well and all(states[name].is_running for name in needed) and opens_to_tasks(settings.ui_url):
                return
            if time.monotonic() > deadline:
                raise StackError(
                    f"Airflow is not healthy after {_HEALTHY_SECONDS:.0f} seconds: "
                    "see `make status` and `make logs`."
                )
            time.sleep(0.25)


def services(settings: AirflowSettings) -> tuple[str, ...]:
    """The servers that a stack with these settings has, in the order in which they start."""
    return SERVICES if settings.inbox else (*DATABASES, *AIRFLOW)


def default_stack(say: Say) -> Stack:
    """The stack that the environment names."""
    return Stack(Paths.from_environment(), os.environ, say)


def _airflow_programs(settings: AirflowSettings) -> list[Program]:
    # No server for logs: the api-server reads the log files itself, and a fixed port would keep stacks apart.
    python = [sys.executable, "-m", "airflow"]
    programs = [
        Program("api-server", [*python, "api-server"], stops_as_group=True),
        Program(
            "scheduler", [*python, "scheduler", "--skip-serve-logs"], stop_seconds=8, stops_as_group=True
        ),
        Program("dag-processor", [*python, "dag-processor"], stops_as_group=True),
    ]
    if settings.inbox:
        # Only to watch the inbox: without one nothing of ours defers, and it costs up to 300 MB.
        programs.append(Program(TRIGGERER, [*python, "triggerer", "--skip-serve-logs"], stops_as_group=True))
    return programs


def _check_settings(environ: Mapping[str, str]) -> None:
    """Refuse a setting that makes no sense here: in a DAG file, it would make the DAG disappear."""
    from pydantic import ValidationError

    from textmill.settings import Settings

    prefix = Settings.model_config.get("env_prefix", "")
    given = {
        name: environ[f"{prefix}{name.upper()}"]
        for name in Settings.model_fields
        if f"{prefix}{name.upper()}" in environ
    }
    try:
        Settings.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(
            f"{prefix}{str(one['loc'][0]).upper()} is {one['input']!r}: {one['msg']}"
            for one in error.errors()
        )
        raise StackError(f"A setting makes no sense. {wrong}. See docs/settings.md.") from None


def _fingerprint(settings: AirflowSettings, secrets: Secrets) -> str:
    """Changes whenever Airflow's tables, pools or the connection may have to change."""
    parts = [importlib.metadata.version("apache-airflow"), repr(settings.ports), repr(settings.pools())]
    return hashlib.sha256(
        "\n".join([*parts, secrets.mariadb_loader, secrets.fernet_key]).encode()
    ).hexdigest()


def _migrate_warehouse(settings: AirflowSettings, secrets: Secrets) -> None:
    from alembic.util import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    from textmill.warehouse.migrate import upgrade

    url = mariadb.loader_url(secrets, settings.ports.mariadb)
    try:
        upgrade(url.render_as_string(hide_password=False))
        mariadb.let_analysts_read(secrets, settings.ports.mariadb)
    except (SQLAlchemyError, CommandError) as error:
        reason = DISK_FULL if mentions_full_disk(str(error)) else str(error)
        raise StackError(f"The tables of the warehouse could not be brought up to date. {reason}") from None

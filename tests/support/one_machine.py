"""The same ingest as `make run` does it, in a state folder of its own: what containers are compared with."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rest_run import RestRun
from sqlalchemy import Engine, text
from warehouse_rows import Rows, comparable_rows

from stack import mariadb
from stack.airflow_api import AirflowApi
from stack.lifecycle import Running, Stack
from stack.paths import Paths
from textmill.warehouse.connection import warehouse_engine
from textmill.warehouse.tables import metadata

_RUN_SECONDS = 900.0


@dataclass(frozen=True)
class Ingested:
    """The rows that an ingest left, and the seconds from its trigger to its end."""

    rows: Rows
    seconds: float


@dataclass(frozen=True)
class Reference:
    """What comes of media without containers.

    Attributes:
        of_all: with the engine that is chosen by itself.
        of_few: of some of them, with Tesseract.
    """

    of_all: Ingested
    of_few: Ingested


class OneMachine:
    """A running stack on this machine."""

    def __init__(self, running: Running, warehouse: Engine) -> None:
        self._api = AirflowApi(running.ui_url, running.secrets.airflow_admin)
        self._warehouse = warehouse

    def ingest(self, folder: Path, **conf: Any) -> Ingested:
        """Ingest a folder into an empty warehouse and return what came of it."""
        empty(self._warehouse)
        began = time.monotonic()
        run = RestRun(self._api, source=str(folder), **conf)
        assert run.wait(_RUN_SECONDS) == "success", run.tasks()
        seconds = time.monotonic() - began
        return Ingested(comparable_rows(self._warehouse, str(folder)), seconds)


@contextmanager
def one_machine(state: Path) -> Iterator[OneMachine]:
    """Start everything on ports that are free, and end it with the block."""
    own = ("AIRFLOW", "COVERAGE", "TEXTMILL")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment |= {"TEXTMILL_STATE": str(state), "TEXTMILL_STABLE_SECONDS": "0"}
    stack = Stack(Paths.from_environment(environment), environment, lambda sentence: None)
    try:
        running = stack.up()
        url = mariadb.loader_url(running.secrets, running.settings.ports.mariadb)
        with warehouse_engine(url) as warehouse:
            yield OneMachine(running, warehouse)
    finally:
        stack.down()


def empty(warehouse: Engine) -> None:
    """Remove all rows."""
    with warehouse.begin() as connection:
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 1"))

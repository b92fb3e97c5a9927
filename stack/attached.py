"""What commands beside the servers need of a running stack: its warehouse, and Airflow's connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stack import mariadb, ports, secrets_store
from stack.paths import Paths
from textmill.access import Connections, HttpAccess
from textmill.errors import TextmillError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from sqlalchemy import Engine


class AirflowWhenNeeded:
    """Opens places by Airflow's connections, and imports Airflow only then: it takes seconds."""

    def filesystem(self, location: str, connection: str | None) -> AbstractFileSystem:
        """As `AirflowConnections.filesystem`."""
        return self._connections().filesystem(location, connection)

    def http(self, connection: str | None) -> HttpAccess:
        """As `AirflowConnections.http`; without a connection nobody has to be asked."""
        return HttpAccess() if connection is None else self._connections().http(connection)

    def _connections(self) -> Connections:
        from textmill_airflow.connections import AirflowConnections

        return AirflowConnections()


@contextmanager
def warehouse_of_stack() -> Iterator[Engine]:
    """Yield an engine on the warehouse. Raises TextmillError when the stack is not running."""
    from textmill.warehouse.connection import warehouse_engine

    paths = Paths.from_environment()
    chosen = ports.recall(paths.run / "ports.json")
    if chosen is None:
        raise TextmillError("Textmill is not running: start it with `make run` or `make start`.")
    with warehouse_engine(mariadb.loader_url(secrets_store.load(paths.secrets), chosen.mariadb)) as engine:
        yield engine

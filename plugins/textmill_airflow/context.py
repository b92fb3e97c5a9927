"""From Airflow's task context to what a stage needs: settings, staging, warehouse, run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.sdk import Connection

from textmill import settings as core_settings
from textmill.staging_access import StagingAccess, open_staging

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

WAREHOUSE_CONNECTION = "textmill_warehouse"


def settings() -> core_settings.Settings:
    """Return the settings of this process."""
    return core_settings.load()


def staging_access() -> StagingAccess:
    """Return how to get at the staging area: a folder, or an object store with a folder to work in."""
    from textmill_airflow.connections import AirflowConnections

    return open_staging(settings(), AirflowConnections())


def warehouse_url() -> URL:
    """Return the address of the warehouse. Holds the password: never return it from a task, never log it.

    Raises:
        AirflowNotFoundException: there is no connection `textmill_warehouse`.
    """
    from sqlalchemy import URL

    connection = Connection.get(WAREHOUSE_CONNECTION)
    return URL.create(
        "mysql+mysqldb",
        username=connection.login,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.schema,
        query={"charset": str(connection.extra_dejson.get("charset", "utf8mb4"))},
    )


@contextmanager
def warehouse() -> Iterator[Engine]:
    """Yield an engine on the warehouse."""
    from textmill.warehouse.connection import warehouse_engine

    with warehouse_engine(warehouse_url()) as engine:
        yield engine

"""From Airflow's task context to what a stage needs: settings, staging, warehouse, run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.sdk import Connection

from textmill import settings as core_settings
from textmill.staging_access import SharedFolder, StagingAccess

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

WAREHOUSE_CONNECTION = "textmill_warehouse"


def settings() -> core_settings.Settings:
    """Return the settings of this process."""
    return core_settings.load()


def staging_access() -> StagingAccess:
    """Return how to get at the staging area: a folder, or an object store with a folder to work in."""
    core = settings()
    if not core.staging_store:
        return SharedFolder(core.staging_dir)
    from textmill.object_folder import ObjectFolder
    from textmill.shared_staging import SharedStaging
    from textmill_airflow.connections import AirflowConnections

    filesystem = AirflowConnections().filesystem(core.staging_store, core.staging_connection or None)
    return SharedStaging(ObjectFolder(filesystem, core.staging_store), core)


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

"""Bring Airflow's metadata up to date: tables, pools, the connection to the warehouse.

Runs as a process of its own (`python -m stack.airflow_setup`), because importing Airflow takes
seconds and fixes its settings for the life of a process. One process does what five calls of the
`airflow` program would, in the time of one.
"""

from __future__ import annotations

import json
import sys

from stack import mariadb, secrets_store
from stack.airflow_configuration import WAREHOUSE_CONNECTION, AirflowSettings
from stack.paths import Paths
from stack.ports import Ports


def main() -> None:
    """Read ports and slots as JSON from standard input and apply everything."""
    given = json.load(sys.stdin)
    settings = AirflowSettings(Paths.from_environment(), Ports(**given["ports"]), given["slots"])
    _migrate()
    _apply(settings)


def _migrate() -> None:
    from airflow.utils.db import initdb

    initdb()


def _apply(settings: AirflowSettings) -> None:
    from airflow.models.connection import Connection
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy import select

    secrets = secrets_store.load(settings.paths.secrets)
    with create_session() as session:
        for name, (slots, description) in settings.pools().items():
            Pool.create_or_update_pool(name, slots, description, include_deferred=False, session=session)
        connection = session.scalar(select(Connection).filter_by(conn_id=WAREHOUSE_CONNECTION))
        if connection is None:
            connection = Connection(conn_id=WAREHOUSE_CONNECTION)
            session.add(connection)
        connection.conn_type = "mysql"
        connection.description = "The warehouse of Textmill"
        connection.host = "127.0.0.1"
        connection.port = settings.ports.mariadb
        connection.schema = mariadb.DATABASE
        connection.login = mariadb.LOADER
        connection.set_password(secrets.mariadb_loader)
        connection.set_extra(json.dumps({"charset": "utf8mb4"}))


if __name__ == "__main__":
    main()

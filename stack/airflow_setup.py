"""Bring Airflow's metadata up to date: tables, pools, the connection to the warehouse.

Runs as a process of its own (`python -m stack.airflow_setup`), because importing Airflow takes
seconds and fixes its settings for the life of a process. One process does what five calls of the
`airflow` program would, in the time of one.
"""

from __future__ import annotations

import json
import sys

from stack import mariadb, secrets_store
from stack.airflow_configuration import AirflowSettings
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
    from airflow.utils.session import create_session

    # Airflow has put the folder of plugins on the path.
    from textmill_airflow.metadata import set_pools, set_warehouse_connection

    secrets = secrets_store.load(settings.paths.secrets)
    with create_session() as session:
        set_pools(session, settings.pools())
        set_warehouse_connection(session, mariadb.loader_url(secrets, settings.ports.mariadb))


if __name__ == "__main__":
    main()

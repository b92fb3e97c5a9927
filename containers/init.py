"""Set everything up, then end: `python -m containers.init`. Safe to repeat, and run at every start.

The warehouse first, Airflow last: services that wait for this find everything in place.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from containers import places, probes
from containers.waiting import wait_until

if TYPE_CHECKING:
    from sqlalchemy import URL

_CONNECTIONS = "connections.json"


def main() -> None:
    """Wait for both databases and bring them up to date."""
    wait_until(lambda: places.secret(places.WAREHOUSE, "root_password"), "the service secrets")
    wait_until(_warehouse_answers, "the warehouse")
    prepare_warehouse()
    wait_until(probes.metadata_answers, "Airflow's metadata database")
    prepare_airflow()
    probes.note_preparation()
    print("All is set up.", flush=True)


def warehouse_url(account: str, password: str, database: str | None = places.WAREHOUSE_DATABASE) -> URL:
    """Return how an account reaches the warehouse. Holds the password: never log it."""
    from sqlalchemy import URL

    return URL.create(
        "mysql+mysqldb",
        username=account,
        password=password,
        host=places.WAREHOUSE_HOST,
        port=places.WAREHOUSE_PORT,
        database=database,
        query={"charset": "utf8mb4"},
    )


def prepare_warehouse() -> None:
    """Make the database and the loader's account, migrate the tables, and let the analyst read the views.

    The passwords of both accounts become what the files say.
    """
    from sqlalchemy import text

    from textmill.warehouse.analysts import ensure_analyst, grant_role
    from textmill.warehouse.connection import administration_engine
    from textmill.warehouse.migrate import upgrade

    root = places.secret(places.WAREHOUSE, "root_password")
    loader = places.secret(places.WAREHOUSE, "loader_password")
    server = administration_engine(warehouse_url("root", root, None))
    account = f"'{places.LOADER}'@'%'"
    with server.begin() as connection:
        for statement in (
            f"CREATE DATABASE IF NOT EXISTS {places.WAREHOUSE_DATABASE} "
            "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
            f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY :password",
            f"ALTER USER {account} IDENTIFIED BY :password",
            f"GRANT ALL PRIVILEGES ON {places.WAREHOUSE_DATABASE}.* TO {account}",
        ):
            connection.execute(text(statement), {"password": loader} if ":password" in statement else {})
    upgrade(warehouse_url(places.LOADER, loader).render_as_string(hide_password=False))
    analyst = places.secret(places.WAREHOUSE, "analyst_password")
    database = administration_engine(warehouse_url("root", root))
    with database.begin() as connection:
        grant_role(connection)
        ensure_analyst(connection, places.ANALYST, "%", analyst)
    print("The warehouse is up to date.", flush=True)


def prepare_airflow() -> None:
    """Migrate Airflow's metadata; write pools, the connection to the warehouse, and those of one's own."""
    from airflow.configuration import conf
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    from textmill import settings
    from textmill.pools import pools
    from textmill_airflow.metadata import set_pools, set_warehouse_connection

    initdb()
    sizes = pools(ocr_slots=settings.load().ocr_slots, others=conf.getint("core", "parallelism"))
    loader = places.secret(places.WAREHOUSE, "loader_password")
    with create_session() as session:
        set_pools(session, sizes)
        set_warehouse_connection(session, warehouse_url(places.LOADER, loader))
    names = _import_connections(places.SECRETS / _CONNECTIONS)
    print(f"Airflow is up to date{f'; connections: {names}' if names else ''}.", flush=True)


def _import_connections(file: Path) -> str:
    """Write connections from a file as `airflow connections export` makes it; returns their names.

    The file is empty where there are none of one's own: a mount cannot be left out.
    """
    from airflow.models.connection import Connection
    from airflow.secrets.local_filesystem import load_connections_dict
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    if not file.exists() or not file.read_bytes():
        return ""
    try:
        given = load_connections_dict(str(file))
    except Exception as error:  # its text may hold what was not understood, which may be a password
        raise SystemExit(
            f"The file that TEXTMILL_CONNECTIONS names cannot be used ({type(error).__name__}): it has to be "
            'JSON of the form {"name": {"conn_type": "aws", "login": "…", "password": "…"}}.'
        ) from None
    with create_session() as session:
        session.execute(delete(Connection).where(Connection.conn_id.in_(list(given))))
        session.add_all(given.values())
    return ", ".join(given)


def _warehouse_answers() -> None:
    """Raise unless one can log in to the warehouse."""
    import MySQLdb

    MySQLdb.connect(
        host=places.WAREHOUSE_HOST,
        port=places.WAREHOUSE_PORT,
        user="root",
        password=places.secret(places.WAREHOUSE, "root_password"),
        connect_timeout=5,
    ).close()


if __name__ == "__main__":
    os.umask(0o002)
    main()

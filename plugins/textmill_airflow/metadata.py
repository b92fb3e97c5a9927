"""What Textmill wants to find in Airflow's metadata: its pools, and the connection to the warehouse.

For programs that set Airflow up. They have the metadata database at hand; tasks never do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from textmill.pools import Pool
from textmill_airflow.context import WAREHOUSE_CONNECTION

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.orm import Session


def set_pools(session: Session, pools: Mapping[str, Pool]) -> None:
    """Create the pools, or give those that are there these sizes."""
    from airflow.models.pool import Pool as AirflowPool

    for name, pool in pools.items():
        AirflowPool.create_or_update_pool(
            name, pool.slots, pool.description, include_deferred=False, session=session
        )


def set_warehouse_connection(session: Session, url: URL) -> None:
    """Create the connection `textmill_warehouse`, or bring it up to date.

    Args:
        url: of the account that loads.
    """
    from airflow.models.connection import Connection
    from sqlalchemy import select

    connection = session.scalar(select(Connection).filter_by(conn_id=WAREHOUSE_CONNECTION))
    if connection is None:
        connection = Connection(conn_id=WAREHOUSE_CONNECTION)
        session.add(connection)
    connection.conn_type = "mysql"
    connection.description = "The warehouse of Textmill"
    connection.host = url.host
    connection.port = url.port
    connection.schema = url.database
    connection.login = url.username
    connection.set_password(url.password)
    connection.set_extra(json.dumps({"charset": "utf8mb4"}))

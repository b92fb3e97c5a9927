"""Whether what a service needs is there: light enough to be asked every few seconds.

Nothing here imports Airflow, which takes seconds of a core each time.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from containers import places

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection

_SECONDS = 5
_CORE = Path(__file__).resolve().parents[1] / "include"


class NotReady(Exception):
    """Something answers, but not as it should yet; the message says what is missing."""


@contextmanager
def metadata() -> Iterator[PostgresConnection]:
    """Yield a connection to Airflow's metadata database."""
    import psycopg2

    connection = psycopg2.connect(
        host=places.METADATA_HOST,
        port=places.METADATA_PORT,
        user=places.METADATA_ACCOUNT,
        password=places.secret(places.METADATA, "password"),
        dbname=places.METADATA_DATABASE,
        connect_timeout=_SECONDS,
    )
    with closing(connection):
        yield connection


def metadata_answers() -> None:
    """Raise unless one can log in to Airflow's metadata database."""
    with metadata():
        pass


def broker_answers() -> None:
    """Raise unless one can log in to the broker."""
    from redis import Redis

    url = places.secret(places.BROKER, "url")
    with closing(Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)) as client:
        client.ping()


def api_server_answers() -> None:
    """Raise unless the api-server that tasks report to answers, and reaches its database."""
    address = os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    parts = airflow_health(address.rstrip("/").removesuffix("/execution"))
    if parts["metadatabase"]["status"] != "healthy":
        raise NotReady("the api-server does not reach its database")


def airflow_health(server: str) -> dict[str, Any]:
    """Return what an api-server says about the parts of Airflow; it asks for no login.

    Args:
        server: its address, as `http://api-server:8080`.
    """
    # No proxy of the environment: those are for the way out.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{server}/api/v2/monitor/health", timeout=_SECONDS) as answer:
        parts: dict[str, Any] = json.load(answer)
    return parts


def wanted_preparation() -> str:
    """What `containers.init` of this image leaves behind: changes with Airflow, and with the warehouse."""
    digest = hashlib.sha256(importlib.metadata.version("apache-airflow").encode())
    for folder in (_CORE / "sql", _CORE / "textmill" / "warehouse" / "migrations" / "versions"):
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".sql"):
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def note_preparation() -> None:
    """Note in the metadata database that all is set up for this image."""
    with metadata() as connection, connection, connection.cursor() as cursor:
        # A schema of its own: nothing of it is in the way of Airflow's migrations.
        cursor.execute("CREATE SCHEMA IF NOT EXISTS textmill")
        cursor.execute("CREATE TABLE IF NOT EXISTS textmill.prepared (for_image text NOT NULL)")
        cursor.execute("DELETE FROM textmill.prepared")
        cursor.execute("INSERT INTO textmill.prepared VALUES (%s)", (wanted_preparation(),))


def prepared() -> None:
    """Raise unless all is set up for this image."""
    with metadata() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('textmill.prepared')")
        if cursor.fetchone() == (None,):
            raise NotReady("the service init has not ended yet")
        cursor.execute("SELECT for_image FROM textmill.prepared")
        if cursor.fetchone() != (wanted_preparation(),):
            raise NotReady(
                "the databases are set up for another image; the service init of this one mends that"
            )


def heartbeat_age(job: str, host: str) -> float:
    """Return how many seconds ago a part of Airflow on a host last said that it lives.

    Args:
        job: as Airflow calls it: SchedulerJob, DagProcessorJob, TriggererJob.

    Raises:
        NotReady: it never did, or it has ended.
    """
    with metadata() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM now() - latest_heartbeat) FROM job "
            "WHERE job_type = %s AND hostname = %s AND state = 'running' "
            "ORDER BY latest_heartbeat DESC LIMIT 1",
            (job, host),
        )
        row = cursor.fetchone()
    if row is None:
        raise NotReady(f"there is no {job} of {host}")
    return float(row[0])

"""A staging area in an S3 on loopback, and what it is asked for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from s3_server import connection, make_bucket, running_s3

from textmill.object_folder import ObjectFolder

if TYPE_CHECKING:
    import pytest

STORE = "s3://staging/textmill"


@dataclass
class StoredStaging:
    """The store, and what the server was asked for in this process.

    Attributes:
        connection: id of the connection that leads to it.
        requests: how often, by method; LIST and DELETE where the method does not tell.
    """

    filesystem: Any
    store: ObjectFolder
    connection: str
    requests: Counter[str] = field(default_factory=Counter)

    def names(self) -> list[str]:
        """Names of all objects, relative to the staging area."""
        return [one.name for one in self.store.objects()]


@contextmanager
def stored_staging(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredStaging]:
    """Have settings of tasks say that the staging area lies in an empty store."""
    from textmill_airflow.connections import AirflowConnections

    with running_s3() as endpoint:
        # fsspec keeps a file system for each connection, and with it the address of an earlier server.
        name = f"staging_{endpoint.rpartition(':')[2]}"
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", connection(endpoint))
        monkeypatch.setenv("TEXTMILL_STAGING_STORE", STORE)
        monkeypatch.setenv("TEXTMILL_STAGING_CONNECTION", name)
        filesystem = AirflowConnections().filesystem(STORE, name)
        make_bucket(filesystem, "staging")
        with counted_requests() as requests:
            yield StoredStaging(filesystem, ObjectFolder(filesystem, STORE), name, requests)


@contextmanager
def counted_requests() -> Iterator[Counter[str]]:
    """Count the requests that botocore sends in this process, by their operation."""
    from aiobotocore.httpsession import AIOHTTPSession

    counted: Counter[str] = Counter()
    lock = threading.Lock()
    send = AIOHTTPSession.send

    async def counting(self: Any, request: Any) -> Any:
        query = urlsplit(request.url).query
        what = "LIST" if "list-type" in query else "DELETE" if "delete" in query else request.method
        with lock:
            counted[what] += 1
        return await send(self, request)

    AIOHTTPSession.send = counting
    try:
        yield counted
    finally:
        AIOHTTPSession.send = send

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
CONNECTION = "staging_s3"


@dataclass
class StoredStaging:
    """The store, with the object names that are in it.

    Attributes:
        requests: how often the server was asked for what, by method and by what the key ends with.
    """

    filesystem: Any
    store: ObjectFolder
    requests: Counter[str] = field(default_factory=Counter)

    def names(self) -> list[str]:
        """Names of all objects, relative to the staging area."""
        return [one.name for one in self.store.objects()]


@contextmanager
def stored_staging(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredStaging]:
    """Have settings of tasks say that the staging area lies in an empty store."""
    from textmill_airflow.connections import AirflowConnections

    with running_s3() as endpoint:
        monkeypatch.setenv(f"AIRFLOW_CONN_{CONNECTION.upper()}", connection(endpoint))
        monkeypatch.setenv("TEXTMILL_STAGING_STORE", STORE)
        monkeypatch.setenv("TEXTMILL_STAGING_CONNECTION", CONNECTION)
        filesystem = AirflowConnections().filesystem(STORE, CONNECTION)
        make_bucket(filesystem, "staging")
        with counted_requests() as requests:
            yield StoredStaging(filesystem, ObjectFolder(filesystem, STORE), requests)


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

"""An S3 on loopback, by moto, and the connection of Airflow's that leads to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

LOGIN = "AKIAIOSFODNN7EXAMPLE"
PASSWORD = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@contextmanager
def running_s3() -> Iterator[str]:
    """Yield the address of an empty S3 that takes any login."""
    import requests
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        requests.post(f"{endpoint}/moto-api/reset", timeout=10).raise_for_status()
        yield endpoint
    finally:
        server.stop()


def refuse_unknown_logins(endpoint: str, *, after: int = 0) -> None:
    """Let the server look at logins from now on, after so many requests more."""
    import requests

    requests.post(f"{endpoint}/moto-api/reset-auth", data=str(after), timeout=10).raise_for_status()


def connection(endpoint: str, *, password: str = PASSWORD, **extra: Any) -> str:
    """Return the connection as it stands in an environment variable `AIRFLOW_CONN_…`."""
    return json.dumps(
        {
            "conn_type": "aws",
            "login": LOGIN,
            "password": password,
            "extra": {"endpoint_url": endpoint, "region_name": "eu-central-1", **extra},
        }
    )


def put(filesystem: AbstractFileSystem, bucket: str, key: str, content: bytes) -> None:
    """Write an object under exactly this key."""
    filesystem.call_s3("put_object", Bucket=bucket, Key=key, Body=content)


def put_many(bucket: str, keys: Iterable[str]) -> None:
    """Write small objects straight into the server, which lives in this process."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for key in keys:
        backend.put_object(bucket, key, b"x")


def make_bucket(filesystem: AbstractFileSystem, bucket: str) -> None:
    """Make a bucket."""
    filesystem.call_s3(
        "create_bucket", Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )

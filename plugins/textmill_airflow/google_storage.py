"""Google's object store by a connection of Airflow's, without Google's provider.

The provider `apache-airflow-providers-google` brings 800 MB of packages for all of Google's services, and
older versions of what Airflow itself uses. Where it is installed all the same, it is used instead of this.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow.sdk import Connection

from textmill.errors import SourceError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

SCHEMES = ("gs", "gcs")

_READ_ONLY = "read_only"


def open_google_storage(connection: str | None) -> AbstractFileSystem:
    """Return gcsfs's file system.

    Without a connection, or with one that names no key, Google's default credentials are used
    (`GOOGLE_APPLICATION_CREDENTIALS`, the account of the machine). Of a connection of type
    `google_cloud_platform` these extras are read, by the provider's names: `key_path`, `keyfile_dict`,
    `project`, `is_anonymous`, `gcs.endpoint`, `gcs.requester-pays`.

    Raises:
        ImportError: gcsfs is not installed.
        SourceError: the key is no JSON.
    """
    # Not gcsfs.GCSFileSystem, which asks first, by gRPC, of what kind a bucket is: nothing here needs that.
    from gcsfs.core import GCSFileSystem

    if connection is None:
        return GCSFileSystem(access=_READ_ONLY)
    extra = Connection.get(connection).extra_dejson
    return GCSFileSystem(
        access=_READ_ONLY,
        token=_token(extra, connection),
        project=_extra(extra, "project"),
        endpoint_url=extra.get("gcs.endpoint"),
        requester_pays=extra.get("gcs.requester-pays", False),
    )


def _token(extra: dict[str, Any], connection: str) -> Any:
    """Return what gcsfs takes for a token: `anon`, the path of a key file, a key, or None for the default."""
    if _extra(extra, "is_anonymous"):
        return "anon"
    key = _extra(extra, "keyfile_dict")
    if isinstance(key, str) and key:
        try:
            return json.loads(key)
        except ValueError:
            raise SourceError(f"The extra keyfile_dict of the connection {connection} is no JSON.") from None
    return key or _extra(extra, "key_path") or None


def _extra(extra: dict[str, Any], name: str) -> Any:
    # Older forms of Airflow's prefixed the names of extras.
    return extra.get(name) or extra.get(f"extra__google_cloud_platform__{name}")

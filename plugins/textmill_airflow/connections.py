"""How sources are opened: by connections that Airflow keeps. Satisfies `textmill.access.Connections`."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from textmill.access import HttpAccess
from textmill.errors import SourceError
from textmill.object_answers import kind_of
from textmill.object_uris import ObjectUri

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_CLOUDS = {"gs": "Google's", "gcs": "Google's", "abfs": "Azure's", "abfss": "Azure's", "adl": "Azure's"}
_S3_TRIES = 3
_S3_PATIENCE: dict[str, Any] = {
    "connect_timeout": 10,
    "read_timeout": 20,
    "retries": {"mode": "standard", "total_max_attempts": 3},
}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110, section 5.6.2."""


class AirflowConnections:
    """Opens sources by ids of connections: in the environment, a secrets backend, or Airflow's database."""

    def filesystem(self, location: str, connection: str | None) -> AbstractFileSystem:
        """Return the file system on which an object store's URI lies.

        With Airflow's meaning of connections: type `aws` for s3, `google_cloud_platform` for gs, `wasb` or
        `adls` for abfs. Without a connection the libraries look for credentials by themselves: in the
        environment, in the account of the machine.

        Raises:
            SourceError: there is no such connection, or nothing here that reads addresses of this scheme.
        """
        if connection is not None:
            _connection(connection)  # for Amazon's provider a missing one would be as good as none at all
        address = ObjectUri.parse(location)
        try:
            filesystem = _open(address, connection)
        except ImportError:
            raise SourceError(_what_to_install(location, address.scheme)) from None
        except SourceError:
            raise
        except Exception as error:  # of many libraries, and whatever is in the connection may be in its text
            raise SourceError(
                f"{location} cannot be opened with {_named(connection)}; look at its type, login, password "
                f"and extra ({kind_of(error)})."
            ) from None
        _check_account(address, filesystem, connection)
        _forget_listings(filesystem)
        _bound_waiting(filesystem)
        return filesystem

    def http(self, connection: str | None) -> HttpAccess:
        """Return how to ask the hosts of a source; of None, without any credentials.

        Of a connection of type `http`: host, schema and port name the one host that is given the login, the
        password and the extra `headers` (an object), with a schema by this scheme alone. The extra `proxy` is
        `http://host:port`.

        Raises:
            SourceError: there is no such connection, or it says something that makes no sense.
        """
        if connection is None:
            return HttpAccess()
        known = _connection(connection)
        extra = _extra(known, connection)
        host, scheme = _host(known, connection)
        headers = _headers(extra.get("headers"), connection)
        if host is None and (headers or known.login or known.password):
            raise SourceError(
                f"The connection {connection} has a login or headers, but no host that may be given them."
            )
        for secret in (known.password, *headers.values()):
            if secret:
                mask_secret(secret)
        return HttpAccess(
            host=host,
            scheme=scheme,
            headers=headers,
            login=known.login or None,
            password=known.password or None,
            proxy=_proxy(extra.get("proxy"), connection),
        )


def _connection(connection: str) -> Connection:
    try:
        known: Connection = Connection.get(connection)
    except AirflowNotFoundException:
        raise SourceError(
            f"There is no connection {connection}. Add it in Airflow (Admin, Connections), or with "
            f"airflow connections add {connection}."
        ) from None
    except Exception as error:  # of secrets backends; their text may hold what was not understood
        raise SourceError(f"The connection {connection} cannot be read ({kind_of(error)}).") from None
    return known


def _named(connection: str | None) -> str:
    return f"the connection {connection}" if connection else "no connection"


# --- object stores ---------------------------------------------------------------------------------------


def _open(address: ObjectUri, connection: str | None) -> AbstractFileSystem:
    # 2.5 s and 118 MB the first time.
    from airflow.sdk import ObjectStoragePath
    from airflow.sdk.io import has_fs

    from textmill_airflow.google_storage import SCHEMES, open_google_storage

    # Azure's library logs thirty lines for each request.
    logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)

    if not has_fs(address.scheme):
        if address.scheme in SCHEMES:
            return open_google_storage(connection)
        raise ImportError(address.scheme)
    return ObjectStoragePath(f"{address.scheme}://{address.bucket}", conn_id=connection).fs


def _what_to_install(location: str, scheme: str) -> str:
    if scheme in _CLOUDS:
        return (
            f"{location} lies in {_CLOUDS[scheme]} object store, for which packages are missing: install "
            f"them with make setup-clouds."
        )
    return (
        f"{location} cannot be read: there is nothing here for {scheme} addresses, but for s3, gs and abfs."
    )


def _check_account(address: ObjectUri, filesystem: AbstractFileSystem, connection: str | None) -> None:
    """Refuse an address that names another account than the one to which the connection leads."""
    _, _, host = address.authority.partition("@")
    account = getattr(filesystem, "account_name", None)
    if host and account and host.partition(".")[0] != account:
        raise SourceError(
            f"{address} lies in another account than the one to which {_named(connection)} leads."
        )


def _forget_listings(filesystem: AbstractFileSystem) -> None:
    """Keep no listings: they would grow with the source, and be old by the next run."""
    cache = getattr(filesystem, "dircache", None)
    if cache is not None:
        cache.use_listings_cache = False
        cache.clear()


def _bound_waiting(filesystem: AbstractFileSystem) -> None:
    """Let a server of S3 that does not answer be given up after three minutes; the libraries try for seven.

    Extra `config_kwargs` of the connection win.
    """
    if "s3" in filesystem.protocol:
        filesystem.config_kwargs = _S3_PATIENCE | filesystem.config_kwargs
        filesystem.retries = _S3_TRIES


# --- http ------------------------------------------------------------------------------------------------


def _extra(known: Connection, connection: str) -> dict[str, Any]:
    extra = known.extra_dejson
    if not isinstance(extra, dict):
        raise SourceError(f"The extra of the connection {connection} is no JSON object.")
    return extra


def _host(known: Connection, connection: str) -> tuple[str | None, str | None]:
    """Return the host with its port as a URL has it, and the scheme; None where the connection has none.

    The port that the scheme implies is left out.
    """
    if not known.host:
        return None, None
    # As Airflow's own HTTP hook has it, the host may be a whole URL.
    url = known.host if "://" in known.host else f"{known.schema or 'https'}://{_bracketed(known.host)}"
    try:
        parts = urlsplit(url)
        port = known.port or parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if not parts.hostname:
        raise SourceError(
            f"The host of the connection {connection} is none: write a name such as files.example.org."
        )
    host = _bracketed(parts.hostname)
    scheme = parts.scheme if known.schema or "://" in known.host else None
    return host if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{port}", scheme


def _bracketed(host: str) -> str:
    is_bare_ipv6 = host.count(":") > 1 and not host.startswith("[")
    return f"[{host}]" if is_bare_ipv6 else host


def _headers(headers: Any, connection: str) -> Mapping[str, str]:
    if headers is None:
        return {}
    if not isinstance(headers, dict):
        raise SourceError(f"The extra headers of the connection {connection} is no JSON object.")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not isinstance(value, str) or not value.isprintable():
            raise SourceError(f"A header of the connection {connection} is no name with a text of one line.")
    return dict(headers)


def _proxy(proxy: Any, connection: str) -> str | None:
    if not proxy:
        return None
    try:
        parts = urlsplit(proxy)
        is_sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port is not None
    except (ValueError, AttributeError, TypeError):
        is_sound = False
    if not is_sound:
        raise SourceError(
            f"The extra proxy of the connection {connection} is not of the form http://host:port."
        )
    if parts.password:
        mask_secret(parts.password)
    return str(proxy)

"""What the core needs to get at sources that are no local files, without knowing who keeps the secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True)
class HttpAccess:
    """How to ask the hosts of one source. Holds secrets: its repr shows none, and it is never staged.

    Attributes:
        host: the only host (with its port, as in a URL) that is given the headers and the login; None when
            there is nothing to give.
        scheme: the only scheme by which they are given to it; None for http and https.
        headers: besides those of every request.
        login, password: for basic authentication.
        proxy: `http://host:port`, or None for none.
    """

    host: str | None = None
    scheme: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    login: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)


class Connections(Protocol):
    """Opens what a source names by the id of a connection."""

    def filesystem(self, location: str, connection: str | None) -> AbstractFileSystem:
        """Return the file system on which an object store's URI lies.

        Raises:
            SourceError: there is no such connection, or nothing here that reads addresses of this scheme.
        """
        ...

    def http(self, connection: str | None) -> HttpAccess:
        """Return how to ask the hosts of a source; of None, without any credentials.

        Raises:
            SourceError: there is no such connection.
        """
        ...


class NoConnections:
    """Where only local folders and public URLs are read."""

    def filesystem(self, location: str, connection: str | None) -> AbstractFileSystem:
        """Refuse: there is nobody to ask."""
        from textmill.errors import SourceError

        raise SourceError(f"{location} cannot be read here: there is nobody to ask for a connection.")

    def http(self, connection: str | None) -> HttpAccess:
        """Without credentials only."""
        from textmill.errors import SourceError

        if connection is not None:
            raise SourceError(f"There is nobody here to ask for the connection {connection}.")
        return HttpAccess()

"""URLs as items of a batch, and downloads of them, for tests."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from textmill.access import HttpAccess
from textmill.fetching.arrivals import Arrival
from textmill.fetching.content_store import ContentStore, Incoming
from textmill.fetching.http.downloads import Downloads, SourceAccess
from textmill.records import BatchItem, MediaRef
from textmill.settings import Settings

HASTY = {
    "connect_seconds": 2.0,
    "read_seconds": 0.4,
    "download_seconds": 6.0,
    "download_attempts": 3,
    "retry_after_seconds": 3.0,
}
"""Settings of somebody who does not wait long."""


class TestNames(AbstractResolver):
    """A name service that knows some names and nothing else."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = [
            ResolveResult(hostname=host, host=one, port=port, family=_family_of(one), proto=0, flags=0)
            for one in self._names.get(host, ())
            if family in (socket.AF_UNSPEC, _family_of(one))
        ]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found

    async def close(self) -> None:
        pass


def _family_of(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def url_item(uri: str, number: int = 0, **known: Any) -> BatchItem:
    """A URL of the source `web`."""
    ref = MediaRef(**{"uri": uri, "source": "web"} | known)
    return BatchItem(item_no=number, ref=ref, estimated_pages=1, estimated_seconds=1)


def download_all(
    items: Sequence[BatchItem],
    folder: Path,
    *,
    access: HttpAccess | None = None,
    allow_private: bool = True,
    max_bytes: int = 1_000_000,
    per_host: int = 8,
    names: Mapping[str, Sequence[str]] | None = None,
    **settings: Any,
) -> dict[str, Arrival]:
    """Download everything and keep it; returns what arrived by URL."""
    web = SourceAccess(access or HttpAccess(), allow_private, per_host, max_bytes)
    resolver = (lambda: TestNames(names)) if names is not None else None
    knobs = Settings(**HASTY | settings)
    arrived: dict[str, Arrival] = {}
    with Downloads(items, ContentStore(folder), knobs, {"web": web}, resolver=resolver) as downloads:
        for arrival in downloads:
            if isinstance(arrival.result, Incoming):
                arrival.result.keep()
            arrived[arrival.item.ref.uri] = arrival
    return arrived

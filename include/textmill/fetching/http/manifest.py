"""Fetch a manifest that lies at a URL, with the same guard, tries and limits as media."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp.abc import AbstractResolver

from textmill.access import HttpAccess
from textmill.errors import MediumError, SourceError
from textmill.fetching.content_store import ContentStore, Incoming
from textmill.fetching.http import answers
from textmill.fetching.http.client import HttpClient
from textmill.fetching.http.hosts import Hosts
from textmill.fetching.http.naming import shown
from textmill.fetching.http.transfer import Transfer, Wanted
from textmill.fetching.http.tries import Tries
from textmill.settings import Settings


@dataclass(frozen=True)
class ManifestDownload:
    """A manifest that is here.

    Attributes:
        modified_ns: when it was modified, in nanoseconds since 1970; None where the server does not say.
    """

    bytes: int
    etag: str | None
    last_modified: str | None
    modified_ns: int | None


def download_manifest(
    url: str,
    target: Path,
    access: HttpAccess,
    settings: Settings,
    *,
    allow_private: bool,
    resolver: Callable[[], AbstractResolver] | None = None,
) -> ManifestDownload:
    """Download the manifest at `url` to the file `target`.

    Args:
        resolver: makes what resolves names; None for that of the system.

    Raises:
        SourceError: it cannot be had; the sentence says why.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        incoming = asyncio.run(_download(url, target.parent, access, settings, allow_private, resolver))
    except MediumError as error:
        raise SourceError(f"The manifest cannot be fetched. {error.message}") from error
    incoming.path.replace(target)
    return ManifestDownload(
        bytes=incoming.bytes,
        etag=incoming.etag,
        last_modified=incoming.last_modified,
        modified_ns=answers.modified_ns(incoming.last_modified),
    )


async def _download(
    url: str,
    folder: Path,
    access: HttpAccess,
    settings: Settings,
    allow_private: bool,
    resolver: Callable[[], AbstractResolver] | None,
) -> Incoming:
    name = shown(url)
    writer = ContentStore(folder).writer(
        name=name, max_bytes=settings.max_manifest_bytes, limit="TEXTMILL_MAX_MANIFEST_BYTES"
    )
    tries = Tries(Hosts(1, settings.retry_after_seconds), settings, asyncio.Semaphore(1))
    async with HttpClient(
        access, settings, allow_private=allow_private, resolver=resolver() if resolver else None
    ) as client:
        result = await tries.get(Transfer(client, Wanted(url=url, name=name), writer), per_host=1)
    assert isinstance(result, Incoming), "nothing is known that it could be compared with"
    return result

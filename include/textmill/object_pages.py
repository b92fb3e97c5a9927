"""Listing the keys of an object store page by page, for each kind of store in its own way.

fsspec's `ls`, `find` and `walk` collect a whole folder before they return, and often all keys of a bucket lie
in one. The stores themselves list all keys below a prefix in order, a page at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from textmill.object_answers import ObjectFacts, Trouble, facts_of, kind_of, trouble_of

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

LOG = logging.getLogger(__name__)

KEYS_PER_PAGE = 1000
"""What all stores give in one answer."""

Page = list[tuple[str, ObjectFacts]]
Pager = Callable[["AbstractFileSystem", str, str], Iterator[Page]]


def pages_of(filesystem: AbstractFileSystem) -> Pager | None:
    """Return what lists this kind of store, or None when it can be listed folder by folder only.

    It takes the file system, a bucket and a prefix, and yields all keys that begin with the prefix, in order,
    those of folder markers too. It raises whatever the file system does.
    """
    protocol = filesystem.protocol
    names = (protocol,) if isinstance(protocol, str) else protocol
    return next((_PAGES[name] for name in names if name in _PAGES), None)


def _s3_pages(filesystem: AbstractFileSystem, bucket: str, prefix: str) -> Iterator[Page]:
    """ListObjectsV2 of the S3 API."""
    wish: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": KEYS_PER_PAGE}
    while True:
        answer = filesystem.call_s3("list_objects_v2", **wish)
        yield [(entry["Key"], facts_of(entry)) for entry in answer.get("Contents", ())]
        if not answer.get("IsTruncated"):
            return
        wish["ContinuationToken"] = answer["NextContinuationToken"]


_GOOGLE_FIELDS = "items(name,size,updated,etag),nextPageToken"


def _google_pages(filesystem: AbstractFileSystem, bucket: str, prefix: str) -> Iterator[Page]:
    """Objects: list of Google's JSON API."""
    wish: dict[str, Any] = {"maxResults": KEYS_PER_PAGE, "fields": _GOOGLE_FIELDS}
    if prefix:
        wish["prefix"] = prefix
    while True:
        answer = filesystem.call("GET", "b/{}/o", bucket, json_out=True, **wish)
        yield [(entry["name"], facts_of(entry)) for entry in answer.get("items", ())]
        if not answer.get("nextPageToken"):
            return
        wish["pageToken"] = answer["nextPageToken"]


def _azure_pages(filesystem: AbstractFileSystem, bucket: str, prefix: str) -> Iterator[Page]:
    """List Blobs of Azure's REST API."""
    from fsspec.asyn import sync

    container = filesystem.service_client.get_container_client(bucket)
    try:
        pages = container.list_blobs(
            name_starts_with=prefix or None, include=["metadata"], results_per_page=KEYS_PER_PAGE
        ).by_page()
        while (page := sync(filesystem.loop, _next_azure_page, pages)) is not None:
            yield page
    finally:
        sync(filesystem.loop, container.close)


async def _next_azure_page(pages: Any) -> Page | None:
    try:
        page = await anext(pages)
    except StopAsyncIteration:
        return None
    return [(_azure_key(blob), facts_of(blob)) async for blob in page]


def _azure_key(blob: Any) -> str:
    # Hierarchical name spaces have folders: empty blobs that say so of themselves.
    metadata = {name.lower(): value for name, value in (blob.metadata or {}).items()}
    name: str = blob.name
    return f"{name}/" if metadata.get("hdi_isfolder") == "true" and not name.endswith("/") else name


_PAGES = {"s3": _s3_pages, "gs": _google_pages, "abfs": _azure_pages}


def walk(
    filesystem: AbstractFileSystem, bucket: str, prefix: str, takes_folder: Callable[[str], bool]
) -> Iterator[tuple[str, ObjectFacts | None]]:
    """List a file system folder by folder, each in order, its files before what lies in deeper folders.

    Args:
        takes_folder: whether to list a folder, given by its key without a `/` at its end.

    Yields:
        Keys with their facts; the key of a folder that could not be listed, with None.

    Raises:
        Exception: what the file system raises when the first folder cannot be listed.
    """
    root = f"{bucket}/{prefix}".rstrip("/")
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = filesystem.ls(folder, detail=True)
        except Exception as error:  # of many libraries
            if folder == root:
                raise
            if trouble_of(error) is not Trouble.GONE:
                LOG.warning("The folder %s cannot be listed (%s); it is left out", folder, kind_of(error))
                yield folder.removeprefix(f"{bucket}/"), None
            continue
        deeper = []
        for key, entry in _in_order(entries, bucket):
            if entry["type"] != "directory":
                yield key, facts_of(entry)
            elif takes_folder(key.rstrip("/")):
                deeper.append(f"{bucket}/{key}".rstrip("/"))
        waiting += reversed(deeper)


def _in_order(entries: Iterable[Mapping[str, Any]], bucket: str) -> list[tuple[str, Mapping[str, Any]]]:
    keyed = ((entry["name"].lstrip("/").removeprefix(f"{bucket}/"), entry) for entry in entries)
    return sorted(keyed, key=lambda pair: pair[0])

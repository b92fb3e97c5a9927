"""How each kind of source is listed; the only place that knows all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from textmill.access import Connections
from textmill.errors import SourceError
from textmill.fetching.http.naming import shown
from textmill.records import MediaRef, SourceKind, SourceSpec
from textmill.settings import Settings
from textmill.sources.folder import FolderListing, open_folder
from textmill.sources.listing import Listing
from textmill.web_addresses import is_web


def open_listing(
    spec: SourceSpec, settings: Settings, connections: Connections, *, downloads: Path
) -> Listing:
    """Return the listing of a source.

    Args:
        downloads: folder for manifests that lie on another host.

    Raises:
        SourceError: the source cannot be opened, or what it lists not be asked for.
    """
    if spec.kind is not SourceKind.FOLDER and _scheme(spec) in ("file", "http", "https"):
        # Found out by fetching, it would fail batches that other sources have their media in, too.
        connections.http(spec.connection)
    match spec.kind:
        case SourceKind.FOLDER:
            return _open_tree(spec, settings, connections)
        case SourceKind.MANIFEST:
            return _open_manifest(spec, settings, connections, downloads)
        case SourceKind.URL:
            return UrlListing(spec)


class UrlListing:
    """One URL. Satisfies `textmill.sources.listing.Listing`."""

    unlisted: tuple[str, ...] = ()

    def __init__(self, spec: SourceSpec) -> None:
        self._spec = spec
        self.prefix = spec.location
        self.settling: list[str] = []

    def covers(self, uri: str) -> bool:
        """Whether it is this URL."""
        return uri == self._spec.location

    def __iter__(self) -> Iterator[MediaRef]:
        """Stream the one reference."""
        yield MediaRef(uri=self._spec.location, source=self._spec.name)


def _scheme(spec: SourceSpec) -> str:
    return urlsplit(spec.location).scheme


def _open_tree(spec: SourceSpec, settings: Settings, connections: Connections) -> Listing:
    if _scheme(spec) == "file":
        return FolderListing(spec, stable_seconds=settings.stable_seconds)
    if is_web(spec.location):
        raise SourceError(f"{shown(spec.location)} is no folder: a server of web pages cannot be listed.")
    from textmill.sources.object_store import ObjectStoreListing

    filesystem = connections.filesystem(spec.location, spec.connection)
    return ObjectStoreListing(filesystem, spec, stable_seconds=settings.stable_seconds)


def _open_manifest(
    spec: SourceSpec, settings: Settings, connections: Connections, downloads: Path
) -> Listing:
    from textmill.sources.manifest import ManifestListing

    path: Path
    modified_ns: int | None
    if _scheme(spec) == "file":
        path = open_folder(spec.location)
        modified_ns = path.stat().st_mtime_ns
    elif is_web(spec.location):
        path, modified_ns = _download(spec, settings, connections, downloads)
    else:
        from textmill.fetching.objects import object_modified_ns, open_object

        filesystem = connections.filesystem(spec.location, spec.connection)
        return ManifestListing(
            lambda: open_object(filesystem, spec.location),
            uri=spec.location,
            source=spec.name,
            modified_ns=object_modified_ns(filesystem, spec.location),
            most_bytes=settings.max_manifest_bytes,
            most_malformed=settings.max_malformed_lines,
        )
    return ManifestListing(
        lambda: _open_file(path),
        uri=spec.location,
        source=spec.name,
        modified_ns=modified_ns,
        most_bytes=settings.max_manifest_bytes,
        most_malformed=settings.max_malformed_lines,
    )


def _open_file(path: Path) -> AbstractContextManager[BinaryIO]:
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"The manifest {path} cannot be read: {error.strerror}.") from None


def _download(
    spec: SourceSpec, settings: Settings, connections: Connections, downloads: Path
) -> tuple[Path, int | None]:
    from textmill.fetching.http.manifest import download_manifest

    downloads.mkdir(parents=True, exist_ok=True)
    target = downloads / hashlib.sha256(spec.location.encode()).hexdigest()
    arrived = download_manifest(
        spec.location,
        target,
        connections.http(spec.connection),
        settings,
        allow_private=spec.allow_private,
    )
    return target, arrived.modified_ns

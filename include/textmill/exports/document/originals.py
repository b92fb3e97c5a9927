"""Find the bytes of a document again: where it lies, if they are the same; else in the content store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, select

from textmill.access import Connections
from textmill.errors import ExportError, MediumError, SourceError, StagingError, StoreUnavailable
from textmill.exports.document.described import DocumentFacts
from textmill.fetching.archives import ArchiveLimits, Budget, CannotGoOn, open_archive
from textmill.fetching.content_store import ContentStore, Incoming
from textmill.fetching.http.downloads import Downloads, SourceAccess
from textmill.fetching.objects import object_chunks
from textmill.records import BatchItem, MediaRef, SourceSpec
from textmill.settings import Settings
from textmill.staging import Staging, name_of, path_of
from textmill.warehouse.tables import media, media_location
from textmill.warehouse.tables import source as source_table
from textmill.web_addresses import is_web

_MOST_ADDRESSES = 20
"""Of a file that lies in hundreds of places, so many are looked at."""

_MOST_OBSTACLES = 3


@dataclass(frozen=True)
class _Wanted:
    """Content to be found.

    Attributes:
        locations: rows of `media_location`, those first at which it lies now.
    """

    media_id: int
    sha256: str
    mime: str
    locations: tuple[Row[*tuple[Any, ...]], ...]


class Originals:
    """Finds originals. What is found is a copy of its own below `folder`, made while its hash was checked.

    Args:
        folder: an empty one; whoever made it removes it.
        sources: what the catalogue says of sources, by name: whether URLs may lead into private networks.
    """

    def __init__(
        self,
        connection: Connection,
        staging: Staging,
        settings: Settings,
        connections: Connections,
        folder: Path,
        sources: Mapping[str, SourceSpec],
    ) -> None:
        self._connection = connection
        self._kept = staging.content_store()
        self._settings = settings
        self._connections = connections
        self._store = ContentStore(folder)
        self._sources = sources
        self._obstacles: list[str] = []

    def find(self, facts: DocumentFacts) -> Path:
        """Return the path of the document's bytes.

        Raises:
            ExportError: they are nowhere any more.
        """
        found = self._find(facts.media_id)
        if found is None:
            raise ExportError(
                f"The original of {facts.name} (SHA-256 {facts.sha256}) is nowhere any more: neither at an "
                f"address at which it was seen, nor in the content store. Its text can still be had as txt, "
                f"hocr or alto.{_tried(self._obstacles)}"
            )
        return found

    def _find(self, media_id: int) -> Path | None:
        wanted = self._wanted(media_id)
        place = self._store.path(wanted.sha256)
        if place.exists():
            return place
        ways = [partial(self._bring, wanted, row) for row in wanted.locations[:_MOST_ADDRESSES]]
        ways.append(partial(self._take_kept, wanted))
        for way in ways:
            # Gone, changed, out of reach: the next address may have it.
            try:
                way()
            except (MediumError, SourceError, StagingError, StoreUnavailable, CannotGoOn) as error:
                self._obstacles.append(str(error))
            if place.exists():
                return place
        return None

    def _wanted(self, media_id: int) -> _Wanted:
        row = self._connection.execute(
            select(media.c.sha256, media.c.mime).where(media.c.id == media_id)
        ).one()
        locations = self._connection.execute(
            select(media_location)
            .where(media_location.c.media_id == media_id)
            .order_by(media_location.c.deleted_at.is_not(None), media_location.c.id)
        ).all()
        return _Wanted(media_id, row.sha256, row.mime, tuple(locations))

    def _bring(self, wanted: _Wanted, location: Row[*tuple[Any, ...]]) -> None:
        uri = location.uri
        if location.archive_id is not None:
            self._unpack(wanted, uri, location.archive_id)
        elif urlsplit(uri).scheme in ("", "file"):
            self._copy(wanted, path_of(uri))
        elif is_web(uri):
            self._download(wanted, location)
        else:
            filesystem = self._connections.filesystem(uri, self._connection_of(location.source))
            chunks = object_chunks(filesystem, uri, name=name_of(uri), etag=None, max_bytes=self._max_bytes)
            self._receive(wanted, chunks, name_of(uri))

    @property
    def _max_bytes(self) -> int:
        return self._settings.max_file_bytes

    def _copy(self, wanted: _Wanted, path: Path) -> None:
        with self._store.receive_file(path, name=path.name, max_bytes=self._max_bytes) as incoming:
            _keep(wanted, incoming)

    def _take_kept(self, wanted: _Wanted) -> None:
        with self._kept.at_hand(wanted.sha256) as path:
            self._copy(wanted, path or self._kept.path(wanted.sha256))

    def _receive(self, wanted: _Wanted, chunks: Iterable[bytes], name: str) -> None:
        with self._store.receive(chunks, name=name, max_bytes=self._max_bytes) as incoming:
            _keep(wanted, incoming)

    def _download(self, wanted: _Wanted, location: Row[*tuple[Any, ...]]) -> None:
        ref = MediaRef(uri=location.uri, source=location.source, sha256=wanted.sha256)
        item = BatchItem(item_no=0, ref=ref, estimated_pages=1, estimated_seconds=1.0)
        accesses = {location.source: self._access(location.source)}
        with Downloads([item], self._store, self._settings, accesses) as downloads:
            for arrival in downloads:
                with arrival.receive() as incoming:
                    _keep(wanted, incoming)

    def _access(self, name: str) -> SourceAccess:
        known = self._sources.get(name)
        connection = known.connection if known and is_web(known.location) else None
        return SourceAccess(
            http=self._connections.http(connection),
            allow_private=bool(known and known.allow_private),
            requests_per_host=self._settings.requests_per_host,
            max_bytes=self._max_bytes,
        )

    def _connection_of(self, name: str) -> str | None:
        if name in self._sources:
            return self._sources[name].connection
        return self._connection.scalar(select(source_table.c.connection).where(source_table.c.name == name))

    def _unpack(self, wanted: _Wanted, uri: str, archive_id: int) -> None:
        archive = self._wanted(archive_id)
        path = self._find(archive_id)
        if path is None:
            return
        limits = ArchiveLimits(
            depth=self._settings.archive_max_depth,
            entries=self._settings.archive_max_entries,
            ratio=self._settings.archive_max_ratio,
            bytes=self._settings.archive_max_bytes,
        )
        outer = _address_within(uri, archive)
        budget = Budget(name_of(outer), path.stat().st_size, limits)
        for member in open_archive(path, archive.mime, outer, name_of(outer), budget):
            if member.uri == uri and member.refusal is None:
                self._receive(wanted, member.chunks(), member.name)
                return


def _address_within(uri: str, archive: _Wanted) -> str:
    """Return the address of the archive by which a member is called."""
    outer = [row.uri for row in archive.locations if uri.startswith(f"{row.uri}!")]
    return max(outer, key=len, default=uri.rpartition("!")[0])


def _tried(obstacles: list[str]) -> str:
    """Return in words what was in the way, where anything was."""
    return f" What was tried: {' '.join(obstacles[:_MOST_OBSTACLES])}" if obstacles else ""


def _keep(wanted: _Wanted, incoming: Incoming) -> None:
    if incoming.sha256 == wanted.sha256:
        incoming.keep()

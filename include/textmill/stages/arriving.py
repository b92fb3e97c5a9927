"""Bring the items of a batch here, each by the way that its address asks for, and have them taken in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from textmill.access import Connections, HttpAccess
from textmill.fetching.arrivals import Arrival
from textmill.fetching.content_store import ContentStore, Incoming
from textmill.fetching.http.downloads import Downloads, SourceAccess
from textmill.fetching.http.naming import name_of_ref
from textmill.fetching.journal import FetchJournal, is_kept
from textmill.fetching.object_downloads import ObjectDownloads
from textmill.records import BatchItem, Content, FetchedItem, SourceSpec
from textmill.settings import Settings
from textmill.stages.intake import Intake
from textmill.staging import BatchArea, CheckpointPublisher, path_of, read_records
from textmill.web_addresses import is_web

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class ArrivingItems:
    """The items of one batch: URLs and objects many at once, beside the files, which come one by one.

    Args:
        publisher: has other machines know of the journal.
        conditional: URLs of which the content is known are asked only whether it is another one by now.
    """

    def __init__(
        self,
        area: BatchArea,
        intake: Intake,
        store: ContentStore,
        settings: Settings,
        sources: Mapping[str, SourceSpec],
        connections: Connections,
        publisher: CheckpointPublisher,
        *,
        conditional: bool,
    ) -> None:
        self._area = area
        self._intake = intake
        self._store = store
        self._settings = settings
        self._sources = sources
        self._connections = connections
        self._conditional = conditional
        self._journal = FetchJournal(area.downloads, store)
        self._publisher = publisher
        self._filesystems: dict[str, AbstractFileSystem] = {}
        self._here: set[int] = set()

    def fetch(self) -> Iterator[FetchedItem]:
        """Yield what became of each item, in the order in which they arrive.

        Raises:
            SourceError: a connection that a source names cannot be used.
        """
        with self._journal, self._publisher:
            yield from self._fetched_before()
            with ExitStack() as stack:
                downloads = self._downloads(stack)
                for item in self._items():
                    if _is_file(item):
                        yield from self._file(item)
                        for arrival in downloads.ready() if downloads else ():
                            yield from self._take(arrival)
                objects = stack.enter_context(self._objects())
                for arrival in objects:
                    yield from self._take(arrival)
                    for other in downloads.ready() if downloads else ():
                        yield from self._take(other)
                for arrival in downloads or ():
                    yield from self._take(arrival)

    def _fetched_before(self) -> Iterator[FetchedItem]:
        """Yield what an earlier try of this batch had brought here already."""
        for item in self._items():
            found = None if _is_file(item) else self._journal.find(item)
            if found is None:
                continue
            incoming, content = found
            if is_kept(incoming):
                self._here.add(item.item_no)
                yield from self._intake.take_kept(item, content, incoming)
            elif (fetched := self._intake.take_known(item, content, incoming)) is not None:
                self._here.add(item.item_no)
                yield fetched

    def _take(self, arrival: Arrival) -> Iterator[FetchedItem]:
        if arrival.result is None:
            yield self._intake.take_unmodified(arrival.item)
            return
        yield from self._intake.take(arrival.item, arrival.receive(), partial(self._note, arrival.item))

    def _note(self, item: BatchItem, incoming: Incoming, content: Content) -> None:
        self._journal.note(item, incoming, content)
        self._publisher.note_progress()

    def _file(self, item: BatchItem) -> Iterator[FetchedItem]:
        copying = self._store.receive_file(
            path_of(item.ref.uri), name=name_of_ref(item.ref), max_bytes=self._max_bytes(item)
        )
        yield from self._intake.take(item, copying)

    def _items(self) -> Iterator[BatchItem]:
        return read_records(self._area.items, BatchItem)

    def _missing(self) -> Iterator[BatchItem]:
        return (item for item in self._items() if item.item_no not in self._here)

    # --- URLs -------------------------------------------------------------------------------------------

    def _downloads(self, stack: ExitStack) -> Downloads | None:
        names = {item.ref.source for item in self._missing() if is_web(item.ref.uri)}
        if not names:
            return None
        items = (self._to_ask(item) for item in self._missing() if is_web(item.ref.uri))
        accesses = {name: self._access(name) for name in names}
        return stack.enter_context(Downloads(items, self._store, self._settings, accesses))

    def _to_ask(self, item: BatchItem) -> BatchItem:
        """Return an item as it is asked for: without what would let the server say that nothing changed."""
        if self._conditional and item.parts == 1:
            return item
        ref = item.ref.model_copy(update={"etag": None, "last_modified": None})
        return item.model_copy(update={"ref": ref})

    def _access(self, name: str) -> SourceAccess:
        settings, source = self._settings, self._sources.get(name)
        if source is None:
            return SourceAccess(HttpAccess(), False, settings.requests_per_host, settings.max_file_bytes)
        # Of a manifest in an object store, the connection is the store's: URLs are given nothing of it.
        is_of_store = not (is_web(source.location) or urlsplit(source.location).scheme == "file")
        return SourceAccess(
            http=self._connections.http(None if is_of_store else source.connection),
            allow_private=source.allow_private,
            requests_per_host=source.requests_per_host or settings.requests_per_host,
            max_bytes=source.max_file_bytes or settings.max_file_bytes,
            limit="max_file_bytes of its source" if source.max_file_bytes else "TEXTMILL_MAX_FILE_BYTES",
        )

    # --- objects ----------------------------------------------------------------------------------------

    def _objects(self) -> ObjectDownloads:
        items = (item for item in self._missing() if not _is_file(item) and not is_web(item.ref.uri))
        return ObjectDownloads(items, self._store, self._filesystem, self._max_bytes)

    def _filesystem(self, item: BatchItem) -> AbstractFileSystem:
        name = item.ref.source
        source = self._sources.get(name)
        key = f"{urlsplit(item.ref.uri).scheme} {name}"
        if key not in self._filesystems:
            self._filesystems[key] = self._connections.filesystem(
                source.location if source else item.ref.uri, source.connection if source else None
            )
        return self._filesystems[key]

    def _max_bytes(self, item: BatchItem) -> int:
        source = self._sources.get(item.ref.source)
        return (source.max_file_bytes if source else None) or self._settings.max_file_bytes


def _is_file(item: BatchItem) -> bool:
    return urlsplit(item.ref.uri).scheme in ("", "file")

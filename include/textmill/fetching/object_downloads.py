"""Copy objects out of object stores, several at once, and yield them as they arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING

from textmill.errors import MediumError
from textmill.fetching.arrivals import Arrival
from textmill.fetching.content_store import ContentStore
from textmill.fetching.http.naming import name_of_ref
from textmill.records import BatchItem

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

OBJECTS_AT_ONCE = 8


class _Stopped(Exception):
    """Nobody waits for this object any more."""


class ObjectDownloads:
    """Copies items, and yields them as they arrive. Use as a context manager: leaving it ends everything.

    Args:
        filesystem: returns where an item lies; called by whoever iterates.
        max_bytes: returns how large an item may be.
    """

    def __init__(
        self,
        items: Iterable[BatchItem],
        store: ContentStore,
        filesystem: Callable[[BatchItem], AbstractFileSystem],
        max_bytes: Callable[[BatchItem], int],
    ) -> None:
        self._items = iter(items)
        self._store = store
        self._filesystem = filesystem
        self._max_bytes = max_bytes
        self._pool = ThreadPoolExecutor(OBJECTS_AT_ONCE, thread_name_prefix="objects")
        self._under_way: set[Future[Arrival]] = set()
        self._stopped = Event()

    def __enter__(self) -> ObjectDownloads:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Arrival]:
        """Yield what arrives, waiting for it; raises whatever a fault of the machinery raised."""
        while True:
            # Twice as many as are copied: no thread is idle while the caller takes one in.
            for item in islice(self._items, 2 * OBJECTS_AT_ONCE - len(self._under_way)):
                self._under_way.add(self._pool.submit(self._copy, item, self._filesystem(item)))
            if not self._under_way:
                return
            done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
            for future in done:
                self._under_way.discard(future)
                yield future.result()

    def close(self) -> None:
        """End all copying and drop what nobody has taken."""
        self._stopped.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for future in self._under_way:
            if not future.cancelled() and future.exception() is None:
                future.result().drop()
        self._under_way.clear()

    def _copy(self, item: BatchItem, filesystem: AbstractFileSystem) -> Arrival:
        from textmill.fetching.objects import object_chunks

        name, max_bytes = name_of_ref(item.ref), self._max_bytes(item)
        writer = self._store.writer(name=name, max_bytes=max_bytes)
        try:
            for chunk in object_chunks(
                filesystem, item.ref.uri, name=name, etag=item.ref.etag, max_bytes=max_bytes
            ):
                if self._stopped.is_set():
                    raise _Stopped
                writer.write(chunk)
            return Arrival(item, writer.finish())
        except MediumError as error:
            writer.discard()
            return Arrival(item, error)
        except BaseException:
            writer.discard()
            raise

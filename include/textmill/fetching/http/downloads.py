"""Download many URLs at once, behind an iterator without any asynchrony.

One event loop in a thread of its own. What waits is bounded in three ways: so many items are looked at ahead,
so many requests are under way, and so many finished files wait for whoever iterates.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue

from aiohttp.abc import AbstractResolver

from textmill.access import HttpAccess
from textmill.errors import MediumError
from textmill.fetching.arrivals import Arrival
from textmill.fetching.content_store import ContentStore, Incoming
from textmill.fetching.http.answers import Validators
from textmill.fetching.http.client import HttpClient
from textmill.fetching.http.hosts import Hosts
from textmill.fetching.http.transfer import Transfer, Wanted, display_name
from textmill.fetching.http.tries import Tries
from textmill.records import BatchItem
from textmill.settings import Settings

LOOK_AHEAD = 1000
"""Items that are under way, waiting or finished, at most: that many tasks are in memory."""
_NAME_LOOKUPS = 16
"""Threads that ask the name service: it may be slow to say that it does not know a name."""


@dataclass(frozen=True)
class SourceAccess:
    """How URLs of one source are asked for.

    Attributes:
        limit: words for what set `max_bytes`.
    """

    http: HttpAccess
    allow_private: bool
    requests_per_host: int
    max_bytes: int
    limit: str = "TEXTMILL_MAX_FILE_BYTES"


@dataclass(frozen=True)
class _End:
    """Nothing more comes.

    Attributes:
        error: what stopped the downloads before their end.
    """

    error: BaseException | None = None


@dataclass
class _Loop:
    """What exists while the event loop runs."""

    loop: asyncio.AbstractEventLoop
    main: asyncio.Task[None]
    tries: Tries
    ahead: asyncio.Semaphore
    clients: dict[str, HttpClient] = field(default_factory=dict)

    def note_taken(self, has_copy: bool) -> None:
        """Make room for others: an arrival was taken."""
        self.ahead.release()
        if has_copy:
            self.tries.room.release()


class Downloads:
    """Downloads items, and yields them as they arrive. Use as a context manager: leaving it ends everything.

    Args:
        items: read ahead of what is yielded, in the thread of the event loop.
        accesses: of each source by its name.
        resolver: makes what resolves names; None for that of the system.
    """

    def __init__(
        self,
        items: Iterable[BatchItem],
        store: ContentStore,
        settings: Settings,
        accesses: Mapping[str, SourceAccess],
        *,
        resolver: Callable[[], AbstractResolver] | None = None,
    ) -> None:
        self._items = items
        self._store = store
        self._settings = settings
        self._accesses = accesses
        self._resolver = resolver
        self._arrivals: SimpleQueue[Arrival | _End] = SimpleQueue()
        self._running: _Loop | None = None
        self._ended = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="downloads", daemon=True)

    def __enter__(self) -> Downloads:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Arrival]:
        """Yield what arrives, waiting for it.

        Raises:
            Exception: whatever a fault of the machinery raised, as a full disk.
        """
        while not self._ended:
            yield from self._take(self._arrivals.get())

    def ready(self) -> Iterator[Arrival]:
        """Yield what has arrived by now, without waiting; raises like the iterator."""
        while not self._ended:
            try:
                entry = self._arrivals.get_nowait()
            except Empty:
                return
            yield from self._take(entry)

    def close(self) -> None:
        """End all downloads and drop what nobody has taken; doing so again is fine."""
        self._closing = True
        if running := self._running:
            self._call(running.main.cancel)
        if self._thread.is_alive():
            self._thread.join()
        self._ended = True
        while not self._arrivals.empty():
            entry = self._arrivals.get_nowait()
            if isinstance(entry, Arrival):
                entry.drop()

    def _take(self, entry: Arrival | _End) -> Iterator[Arrival]:
        if isinstance(entry, _End):
            self._ended = True
            if entry.error is not None:
                raise entry.error
            return
        assert self._running is not None
        self._call(partial(self._running.note_taken, isinstance(entry.result, Incoming)))
        yield entry

    def _call(self, what: Callable[[], object]) -> None:
        """Call something in the event loop, if it still runs."""
        assert self._running is not None
        try:
            self._running.loop.call_soon_threadsafe(what)
        except RuntimeError:  # the loop is closed: nobody waits for it any more
            return

    # --- in the thread of the event loop ------------------------------------------------------------------

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except BaseException as caught:
            error = caught.exceptions[0] if isinstance(caught, BaseExceptionGroup) else caught
        finally:
            self._arrivals.put(_End(error))

    async def _main(self) -> None:
        settings = self._settings
        loop = asyncio.get_running_loop()
        main = asyncio.current_task()
        assert main is not None
        executor = ThreadPoolExecutor(_NAME_LOOKUPS, thread_name_prefix="downloads")
        loop.set_default_executor(executor)
        hosts = Hosts(settings.requests_at_once, settings.retry_after_seconds)
        running = _Loop(
            loop,
            main,
            Tries(hosts, settings, asyncio.Semaphore(settings.requests_at_once)),
            asyncio.Semaphore(LOOK_AHEAD),
        )
        self._running = running
        if self._closing:
            return
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            for item in self._items:
                await running.ahead.acquire()
                client = await self._client(item.ref.source, running, stack)
                group.create_task(self._download(item, client, running))

    async def _client(self, source: str, running: _Loop, stack: AsyncExitStack) -> HttpClient:
        if source not in running.clients:
            access = self._accesses[source]
            client = HttpClient(
                access.http,
                self._settings,
                allow_private=access.allow_private,
                resolver=self._resolver() if self._resolver else None,
            )
            running.clients[source] = await stack.enter_async_context(client)
        return running.clients[source]

    async def _download(self, item: BatchItem, client: HttpClient, running: _Loop) -> None:
        ref, access = item.ref, self._accesses[item.ref.source]
        name = display_name(ref.uri, ref.filename)
        wanted = Wanted(
            url=ref.uri, name=name, known=Validators(ref.etag, ref.last_modified), sha256=ref.sha256
        )
        writer = self._store.writer(name=name, max_bytes=access.max_bytes, limit=access.limit)
        try:
            result = await running.tries.get(
                Transfer(client, wanted, writer), per_host=access.requests_per_host
            )
        except MediumError as error:
            self._arrivals.put(Arrival(item, error))
        else:
            self._arrivals.put(Arrival(item, result if isinstance(result, Incoming) else None))

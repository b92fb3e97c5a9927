"""Ask one host after the other until one of them gives an answer that is no redirect."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Self, TypeVar

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    ThreadedResolver,
    encode_basic_auth,
    hdrs,
)
from aiohttp.abc import AbstractResolver
from aiohttp.http import HttpProcessingError
from yarl import URL

from textmill.access import HttpAccess
from textmill.errors import AddressNotAllowed, MediumError, SourceError, TooManyRedirects
from textmill.fetching.http.addresses import (
    ForbiddenAddress,
    GuardedResolver,
    check_address,
    checked_url,
)
from textmill.fetching.http.answers import REDIRECTS
from textmill.fetching.http.failures import failure_of, redirected
from textmill.fetching.http.naming import shown
from textmill.settings import Settings

USER_AGENT = "Textmill/0.1"
_NETWORK_ERRORS = (ClientError, OSError, UnicodeError, HttpProcessingError, ForbiddenAddress)

_DISK_THREADS = 4

T = TypeVar("T")
Passing = Callable[[URL], None]
"""Called before each address is asked; may raise."""


class HttpClient:
    """Requests with the access of one source. Use as an asynchronous context manager.

    Args:
        allow_private: the source may ask addresses that are not public.
        resolver: what resolves names before the guard looks at the addresses; None for that of the system.
    """

    def __init__(
        self,
        access: HttpAccess,
        settings: Settings,
        *,
        allow_private: bool,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._access = access
        self._settings = settings
        self._allow_private = allow_private
        self._inner = resolver
        self._session: ClientSession | None = None
        self._secrets = _secret_fields(access)
        self._disk = ThreadPoolExecutor(_DISK_THREADS, thread_name_prefix="to-disk")

    async def __aenter__(self) -> Self:
        self._inner = self._inner or ThreadedResolver()
        proxy_host = URL(self._access.proxy).raw_host if self._access.proxy else None
        self._session = ClientSession(
            connector=TCPConnector(
                # How many at once is up to `textmill.fetching.http.hosts`.
                limit=0,
                resolver=GuardedResolver(
                    self._inner,
                    allow_private=self._allow_private,
                    trusted=frozenset({proxy_host} if proxy_host else ()),
                ),
            ),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=ClientTimeout(
                total=None,
                connect=self._settings.connect_seconds,
                sock_read=self._settings.read_seconds,
            ),
            headers={
                hdrs.USER_AGENT: USER_AGENT,
                hdrs.ACCEPT: "*/*",
                hdrs.ACCEPT_ENCODING: "identity",
            },
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
        self._disk.shutdown()

    async def beside(self, what: Callable[[], T]) -> T:
        """Do what waits for the disk in a thread; name lookups have others, which may wait for long.

        It is done when this returns, also when that is because of a cancellation.
        """
        doing = asyncio.get_running_loop().run_in_executor(self._disk, what)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            await asyncio.wait([doing])
            raise

    @asynccontextmanager
    async def answer(
        self, start: str, fields: Mapping[str, str], passing: Passing = lambda _: None
    ) -> AsyncIterator[ClientResponse]:
        """Yield the answer at the end of all redirects.

        Args:
            fields: header fields besides those of every request.
            passing: called with the URL before each request.

        Raises:
            MediumError, TryAgain: see `textmill.fetching.http.failures`; and what `passing` raises.
        """
        response = await self._follow(start, fields, passing)
        try:
            yield response
        finally:
            response.release()  # closes the connection unless the answer was read to its end

    async def read(self, response: ClientResponse) -> bytes:
        """Return the next piece of an answer's body as it is sent; nothing at its end."""
        try:
            # aiohttp stops its own clock when it closes a connection, as upon a malformed chunk, and may then
            # leave whoever reads waiting.
            async with asyncio.timeout(self._settings.read_seconds):
                return await response.content.readany()
        except _NETWORK_ERRORS as error:
            self._raise(error, response.url)
            raise

    async def _follow(self, start: str, fields: Mapping[str, str], passing: Passing) -> ClientResponse:
        url = checked_url(start, allow_private=self._allow_private)
        asked: list[URL] = []
        trusted = True
        while True:
            # Once a redirect has led elsewhere, or out of TLS, whoever sent it decides what is asked: even
            # back at its own host the login is not given any more.
            trusted = trusted and self._may_know_login(url, asked)
            passing(url)
            try:
                response = await self._ask(url, fields, with_login=trusted)
            except MediumError as error:
                raise (redirected(error, start) if asked else error) from None
            asked.append(url)
            location = response.headers.get(hdrs.LOCATION)
            if response.status not in REDIRECTS or not location:
                return response
            response.release()
            url = self._next(url, location, start)
            if url in asked:
                raise TooManyRedirects(f"{shown(start)} redirects in a circle, by {shown(url)}.")
            if len(asked) > self._settings.most_redirects:
                raise TooManyRedirects(
                    f"{shown(start)} redirects more than {self._settings.most_redirects} times "
                    f"(TEXTMILL_MOST_REDIRECTS)."
                )

    def _next(self, url: URL, location: str, start: str) -> URL:
        try:
            joined = url.join(URL(location))
        except ValueError as error:
            raise AddressNotAllowed(
                f"{shown(start)} redirects to something that is no URL.", detail=type(error).__name__
            ) from None
        try:
            return checked_url(joined, allow_private=self._allow_private)
        except AddressNotAllowed as error:
            raise redirected(error, start) from None

    def _may_know_login(self, url: URL, asked: list[URL]) -> bool:
        host = self._access.host
        if host is None or (asked and asked[-1].scheme == "https" and url.scheme != "https"):
            return False
        if self._access.scheme not in (None, url.scheme):
            return False
        try:
            given = URL(f"{url.scheme}://{host}")
        except ValueError:
            return False
        return (given.raw_host, given.port) == (url.raw_host, url.port)

    async def _ask(self, url: URL, fields: Mapping[str, str], *, with_login: bool) -> ClientResponse:
        assert self._session is not None, "the client is entered"
        headers = dict(fields) | (self._secrets if with_login else {})
        try:
            if self._access.proxy:
                await self._check_behind_proxy(url)
            return await self._session.get(
                url, headers=headers, proxy=self._access.proxy, allow_redirects=False
            )
        except _NETWORK_ERRORS as error:
            self._raise(error, url)
            raise

    async def _check_behind_proxy(self, url: URL) -> None:
        """Check where a name leads that the proxy resolves.

        The proxy may see other names than this machine does, so a name that is not known here is left to it.
        """
        if self._allow_private or url.raw_host is None or self._inner is None:
            return
        try:
            # Of both families: the proxy takes any address that it can reach.
            found = await self._inner.resolve(url.raw_host, url.port or 0, socket.AF_UNSPEC)
        except (OSError, UnicodeError):
            return
        for result in found:
            check_address(url.raw_host, result["host"], allow_private=False)

    def _raise(self, error: Exception, url: URL) -> None:
        failure = failure_of(error, url, self._settings)
        if failure is not None:
            raise failure from None


def _secret_fields(access: HttpAccess) -> dict[str, str]:
    fields = dict(access.headers)
    if access.login is not None:
        try:
            fields[hdrs.AUTHORIZATION] = encode_basic_auth(access.login, access.password or "")
        except ValueError:
            raise SourceError(
                f"The login for {access.host} holds a colon, which basic authentication does not allow."
            ) from None
    return fields

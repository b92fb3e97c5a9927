"""Get one URL into the content store: one try at a time, each going on where the one before broke off."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from aiohttp import ClientResponse, hdrs

from textmill.errors import ChecksumMismatch, EmptyFile, HttpFailed, HttpRefused, TransferBroken
from textmill.fetching.content_store import Incoming, IncomingWriter
from textmill.fetching.http.answers import (
    PASSING,
    Validators,
    content_range,
    retry_after,
    status_words,
)
from textmill.fetching.http.client import HttpClient, Passing
from textmill.fetching.http.encodings import Decoder, Identity, decoder_for
from textmill.fetching.http.failures import TryAgain
from textmill.fetching.http.naming import host_of, shown


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a URL.

    Attributes:
        known: by what the content is known that is here already; it is not sent again while it is the same.
        sha256: what the content must be, where somebody said so.
        name: how sentences call it.
    """

    url: str
    name: str
    known: Validators = field(default_factory=Validators)
    sha256: str | None = None


@dataclass(frozen=True)
class NotModified:
    """The content is still the one that is known."""


class Transfer:
    """The tries of one URL. The writer keeps what has arrived; `give_up` drops it."""

    def __init__(self, client: HttpClient, wanted: Wanted, writer: IncomingWriter) -> None:
        self._client = client
        self._wanted = wanted
        self._writer = writer
        self._arrived = Validators()
        self._resumed = False
        self._complete: int | None = None

    @property
    def url(self) -> str:
        """The URL."""
        return self._wanted.url

    @property
    def name(self) -> str:
        """How sentences call it."""
        return self._wanted.name

    async def attempt(self, passing: Passing = lambda _: None) -> Incoming | NotModified:
        """Ask once, for what is missing.

        Raises:
            TryAgain: it failed in a way that may pass.
            MediumError: it failed for good.
        """
        try:
            async with self._client.answer(self._wanted.url, self._fields(), passing) as response:
                if response.status == 304 and self._wanted.known.conditions():
                    return NotModified()
                self._check_status(response)
                await self._receive(response)
            return await self._finish()
        finally:
            self._writer.pause()

    def give_up(self) -> None:
        """Drop what has arrived."""
        self._writer.discard()

    def _fields(self) -> dict[str, str]:
        if self._writer.size and (validator := self._arrived.strong):
            return {hdrs.RANGE: f"bytes={self._writer.size}-", hdrs.IF_RANGE: validator}
        self._begin_anew()
        return self._wanted.known.conditions()

    def _begin_anew(self) -> None:
        self._resumed = False
        self._arrived = Validators()
        if self._writer.size:
            self._writer.restart()

    def _check_status(self, response: ClientResponse) -> None:
        """Sort out all answers but those with content."""
        status, name = response.status, self._wanted.name
        words = status_words(status, response.reason)
        asked_for_part = self._writer.size > 0
        if status in (200, 203) or (status == 206 and asked_for_part):
            return
        if status in (204, 205):
            raise EmptyFile(f"{name} is empty: the server answers {words}.")
        if status in PASSING:
            wait = retry_after(response.headers.get(hdrs.RETRY_AFTER), datetime.now(UTC))
            raise TryAgain(
                HttpFailed(f"{name}: the server answers {words}."), wait=wait, host=host_of(response.url)
            )
        if status == 206 or (status == 416 and asked_for_part):
            self._begin_anew()
            raise TryAgain(TransferBroken(f"{name}: the server answers {words} to what was not asked."))
        if status >= 500:
            raise HttpFailed(f"{name}: the server answers {words}.")
        raise HttpRefused(f"{name}: the server answers {words}.")

    async def _receive(self, response: ClientResponse) -> None:
        if response.status == 206:
            self._check_part(response)
            self._resumed = True
        else:
            self._begin_anew()
        decoder = decoder_for(response.headers.get(hdrs.CONTENT_ENCODING), self._wanted.name)
        is_plain = isinstance(decoder, Identity)
        if is_plain and response.content_length is not None:
            self._writer.allow(self._writer.size + response.content_length)
        if response.status != 206:
            # Pieces of a body that is decoded here are none of the body as it is sent.
            found = Validators.of(response.headers)
            self._arrived = found if is_plain else Validators()
        await self._copy(response, decoder)
        if response.status != 206:
            self._arrived = Validators.of(response.headers)
        elif self._complete is not None and self._writer.size < self._complete:
            raise TryAgain(
                TransferBroken(f"{self._wanted.name}: the server sends only a part of the rest."),
                wait=0.0,
            )

    async def _copy(self, response: ClientResponse, decoder: Decoder) -> None:
        sent = self._writer.size
        try:
            while chunk := await self._client.read(response):
                # An encoding can also be long-winded: many bytes that stand for none.
                sent += len(chunk)
                self._writer.allow(sent)
                for piece in decoder.decode(chunk):
                    self._writer.write(piece)
            decoder.finish()
        except TransferBroken as error:
            self._begin_anew()
            raise TryAgain(error) from None

    def _check_part(self, response: ClientResponse) -> None:
        """See to it that what is sent goes on where we stopped, and is of the same content."""
        part = content_range(response.headers.get(hdrs.CONTENT_RANGE))
        found = Validators.of(response.headers)
        encoded = response.headers.get(hdrs.CONTENT_ENCODING, "identity").strip().lower() != "identity"
        is_other = found.etag is not None and found.etag != self._arrived.etag
        if part is None or part.first != self._writer.size or is_other or encoded:
            self._begin_anew()
            raise TryAgain(
                TransferBroken(f"{self._wanted.name}: the server goes on at another place than it was asked.")
            )
        # Less than was asked is allowed (RFC 9110, 15.3.7): the rest is asked for after it.
        self._complete = part.complete
        if part.complete is not None:
            self._writer.allow(part.complete)

    async def _finish(self) -> Incoming:
        wanted, writer = self._wanted, self._writer
        if wanted.sha256 is not None and writer.size and writer.sha256 != wanted.sha256:
            found = writer.sha256
            mismatch = ChecksumMismatch(
                f"{wanted.name} is not what its manifest says: its SHA-256 is {found}, not {wanted.sha256}."
            )
            if self._resumed:  # pieces of two contents, perhaps
                self._begin_anew()
                raise TryAgain(mismatch)
            raise mismatch
        if not writer.size:
            raise EmptyFile(f"{wanted.name} is empty: the server answers with 0 bytes.")
        # When this is cancelled the file may be complete already: `give_up` removes it all the same.
        return await self._client.beside(
            partial(writer.finish, etag=self._arrived.etag, last_modified=self._arrived.last_modified)
        )


def display_name(url: str, filename: str | None = None) -> str:
    """Return how sentences call a URL: with the name that its manifest gives it, if there is one."""
    return f"{filename} ({shown(url)})" if filename else shown(url)

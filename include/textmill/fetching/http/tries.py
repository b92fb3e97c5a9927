"""Try a URL until it is here, or until nothing more is to be hoped for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from yarl import URL

from textmill.errors import MediumError, TransferBroken, Unreachable
from textmill.fetching.content_store import Incoming
from textmill.fetching.http.answers import backoff
from textmill.fetching.http.failures import Postponed, TryAgain
from textmill.fetching.http.hosts import Host, Hosts, too_long_a_pause
from textmill.fetching.http.naming import host_of
from textmill.fetching.http.transfer import NotModified, Transfer
from textmill.settings import Settings


@dataclass
class Tries:
    """Tries URLs, several at once.

    Between two tries a URL holds no right to ask: others are asked meanwhile.

    Attributes:
        room: slots for complete copies. A request holds its right to ask until there is one, so that no more
            files come than are taken; whoever takes one releases it.
    """

    hosts: Hosts
    settings: Settings
    room: asyncio.Semaphore

    async def get(self, transfer: Transfer, *, per_host: int) -> Incoming | NotModified:
        """Return what became of a URL.

        Raises:
            MediumError: it cannot be had, at least not now.
        """
        done = False
        try:
            result = await self._until_settled(transfer, per_host)
            done = True
            return result
        finally:
            if not done:
                transfer.give_up()

    async def _until_settled(self, transfer: Transfer, per_host: int) -> Incoming | NotModified:
        url, key = transfer.url, host_of(transfer.url)
        left = self.settings.download_seconds  # waiting for one's turn costs none of it
        failure: MediumError | None = None
        tried = 0
        while True:
            async with self.hosts.turn(key, url, per_host) as host:
                begun = _now()
                try:
                    result = await self._attempt(transfer, begun + left, host)
                except TimeoutError:
                    raise self._out_of_time(transfer, failure, tried) from None
                except Postponed as postponed:
                    wait = postponed.seconds
                except TryAgain as again:
                    tried += 1
                    failure = again.error
                    wait = self._pause_after(again, tried, url)
                    is_hopeless = host.is_doubtful and isinstance(failure, Unreachable)
                    if is_hopeless or tried >= self.settings.download_attempts:
                        self.hosts.note_end(host, None if again.is_elsewhere else failure)
                        raise _after(failure, tried) from None
                else:
                    await self._make_room(result)
                    return result
                left -= _now() - begun + wait
            if left <= 0:
                raise self._out_of_time(transfer, failure, tried)
            await asyncio.sleep(wait)

    async def _attempt(self, transfer: Transfer, deadline: float, host: Host) -> Incoming | NotModified:
        hops = 0

        def passing(hop: URL) -> None:
            """Stop at a redirect to a host that asked to be left alone."""
            nonlocal hops
            hops += 1
            left = self.hosts.check_pause(host_of(hop), transfer.url)
            if left > 0:
                raise Postponed(left)

        try:
            async with asyncio.timeout_at(deadline):
                result = await transfer.attempt(passing)
        except TryAgain as again:
            again.is_elsewhere = hops > 1
            raise
        except MediumError as failure:
            self.hosts.note_end(host, failure if hops <= 1 else None)
            raise
        self.hosts.note_end(host, None)
        return result

    async def _make_room(self, result: Incoming | NotModified) -> None:
        if isinstance(result, Incoming):
            try:
                await self.room.acquire()
            except asyncio.CancelledError:
                result.drop()
                raise

    def _pause_after(self, again: TryAgain, tried: int, url: str) -> float:
        """Return how long this URL waits; the host's other URLs wait too when the server asked for it."""
        if again.wait is None:
            return backoff(tried)
        longest = self.settings.retry_after_seconds
        if again.host:
            self.hosts.pause(again.host, again.wait)
        if again.wait > longest:
            raise too_long_a_pause(url, again.wait, longest) from None
        return again.wait + backoff(1) if again.wait else 0.0

    def _out_of_time(self, transfer: Transfer, failure: MediumError | None, tried: int) -> MediumError:
        if failure is not None:
            return _after(failure, tried)
        return TransferBroken(
            f"{transfer.name} was not here after {self.settings.download_seconds:g} seconds "
            f"(TEXTMILL_DOWNLOAD_SECONDS)."
        )


def _after(error: MediumError, tried: int) -> MediumError:
    """Return an error whose sentence tells how often it was tried."""
    if tried < 2:
        return error
    return type(error)(f"{error.message} It was tried {tried} times.", detail=error.detail)


def _now() -> float:
    return asyncio.get_running_loop().time()

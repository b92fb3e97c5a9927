"""How many requests are under way at once, in all and to one host, and which hosts are left alone for now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textmill.errors import HttpFailed, MediumError, Unreachable
from textmill.fetching.http.naming import shown

_DOUBTFUL_AFTER = 3
"""URLs of a host given up in a row, after which further ones are tried once only."""
_DEAD_AFTER = 20
"""URLs of a host given up in a row, after which further ones are not tried for a while."""
_DEAD_SECONDS = 60.0


@dataclass
class Host:
    """What is known of one host (with its port).

    Attributes:
        slots: of its requests; None for a host that redirects lead to, and no URL of ours.
        users: tasks that hold or await a slot.
        paused_until, dead_until: in the loop's time.
        unreachable: URLs given up in a row because the host could not be reached.
    """

    slots: asyncio.Semaphore | None = None
    users: int = 0
    paused_until: float = 0.0
    dead_until: float = 0.0
    unreachable: int = 0

    @property
    def is_doubtful(self) -> bool:
        """Whether trying a URL more than once would only cost time."""
        return self.unreachable >= _DOUBTFUL_AFTER


class Hosts:
    """Deals out the right to ask.

    A request first takes one of its host's slots and then one of all: a slow host occupies no more of these
    than it has slots, and those who wait for the rest are served in turn. While a host asks for a pause, its
    requests hold none of the slots of all.

    Args:
        at_once: requests at once, in all.
        longest_pause: seconds that a host may ask to wait (`TEXTMILL_RETRY_AFTER_SECONDS`).
    """

    def __init__(self, at_once: int, longest_pause: float) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._longest_pause = longest_pause
        self._hosts: dict[str, Host] = {}

    @asynccontextmanager
    async def turn(self, key: str, url: str, most: int) -> AsyncIterator[Host]:
        """Wait until a URL may be asked, and hold the right to within the block.

        Args:
            key: the host, see `textmill.fetching.http.naming.host_of`.
            most: requests at once to this host; of several sources with the same host, the first decides.

        Raises:
            HttpFailed: the host asked for a pause that is too long.
            Unreachable: the host could not be reached for many URLs before this one.
        """
        host = self._hosts.setdefault(key, Host())
        host.slots = host.slots or asyncio.Semaphore(most)
        host.users += 1
        try:
            async with host.slots:
                while True:
                    await self._sit_out_pause(host, url)
                    async with self._all:
                        if self.pause_left(key) > 0:
                            continue
                        yield host
                        return
        finally:
            host.users -= 1
            self._forget(key, host)

    def pause(self, key: str, seconds: float) -> None:
        """Take note that a host asks to be left alone."""
        host = self._hosts.setdefault(key, Host())
        host.paused_until = max(host.paused_until, _now() + seconds)

    def pause_left(self, key: str) -> float:
        """Return for how many seconds a host is still to be left alone."""
        host = self._hosts.get(key)
        return max(0.0, host.paused_until - _now()) if host else 0.0

    def check_pause(self, key: str, url: str) -> float:
        """Return the pause that is left; raises HttpFailed when it is longer than is waited."""
        left = self.pause_left(key)
        if left > self._longest_pause:
            raise too_long_a_pause(url, left, self._longest_pause)
        return left

    def note_end(self, host: Host, error: MediumError | None) -> None:
        """Take note of how a URL ended."""
        if not isinstance(error, Unreachable):
            host.unreachable = 0
            return
        host.unreachable += 1
        if host.unreachable >= _DEAD_AFTER:
            host.dead_until = _now() + _DEAD_SECONDS

    async def _sit_out_pause(self, host: Host, url: str) -> None:
        while True:
            if host.dead_until > _now():
                raise Unreachable(
                    f"{shown(url)} was not asked: its host could not be reached for {host.unreachable} "
                    f"URLs in a row."
                )
            left = host.paused_until - _now()
            if left <= 0:
                return
            if left > self._longest_pause:
                raise too_long_a_pause(url, left, self._longest_pause)
            await asyncio.sleep(left)

    def _forget(self, key: str, host: Host) -> None:
        """Forget a host that nobody uses: there may be as many as URLs."""
        if not host.users and host.paused_until <= _now() and host.dead_until <= _now():
            self._hosts.pop(key, None)


def too_long_a_pause(url: str, seconds: float, longest: float) -> HttpFailed:
    """Return the error about a host that wants to be left alone for longer than is waited."""
    return HttpFailed(
        f"{shown(url)}: the server asks to wait {seconds:,.0f} seconds, longer than the {longest:g} of "
        f"TEXTMILL_RETRY_AFTER_SECONDS."
    )


def _now() -> float:
    return asyncio.get_running_loop().time()

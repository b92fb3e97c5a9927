"""How fast URLs are downloaded, beside a plain loop around aiohttp that takes care of nothing.

All write every body to a file of its own and hash it, with as many requests at once. The server runs in a
process of its own and answers at once. They take turns, since the machine is never quite the same for long.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from textmill.access import HttpAccess
from textmill.fetching.content_store import ContentStore, Incoming
from textmill.fetching.http.downloads import Downloads, SourceAccess
from textmill.records import BatchItem, MediaRef
from textmill.settings import Settings

_AT_ONCE = 32


def plain(urls: list[str], folder: Path, *, durable: bool) -> int:
    """Download with `asyncio.gather`, a semaphore and nothing else; returns the bytes."""
    from aiohttp import ClientSession

    semaphore = asyncio.Semaphore(_AT_ONCE)

    async def one(session: ClientSession, number: int, url: str) -> int:
        digest, size = hashlib.sha256(), 0
        async with semaphore, session.get(url) as response:
            response.raise_for_status()
            with (folder / f"{number}").open("wb", buffering=0) as out:
                async for chunk in response.content.iter_any():
                    digest.update(chunk)
                    out.write(chunk)
                    size += len(chunk)
                if durable:
                    await asyncio.to_thread(os.fsync, out.fileno())
        return size

    async def everything() -> int:
        async with ClientSession() as session:
            return sum(await asyncio.gather(*(one(session, *each) for each in enumerate(urls))))

    return asyncio.run(everything())


def ours(urls: list[str], folder: Path) -> int:
    """Download as the stage does; returns the bytes."""
    items = (
        BatchItem(item_no=number, ref=MediaRef(uri=url, source="web"), estimated_pages=1, estimated_seconds=1)
        for number, url in enumerate(urls)
    )
    web = SourceAccess(HttpAccess(), allow_private=True, requests_per_host=_AT_ONCE, max_bytes=2**31)
    size = 0
    with Downloads(
        items, ContentStore(folder), Settings(requests_at_once=_AT_ONCE), {"web": web}
    ) as downloads:
        for arrival in downloads:
            if not isinstance(arrival.result, Incoming):
                raise SystemExit(f"{arrival.item.ref.uri}: {arrival.result}")
            arrival.result.keep()
            size += arrival.result.bytes
    return size


_SERVER = """
import asyncio, sys
from aiohttp import web

async def give(request):
    return web.Response(body=request.match_info["n"].encode().ljust(int(request.match_info["size"]), b"."))

async def main():
    app = web.Application()
    app.router.add_get("/{size}/{n}", give)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@contextmanager
def running_server() -> Iterator[int]:
    """A server that does as it should, in a process of its own; yields its port."""
    process = subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--urls", type=int, default=2000)
    parser.add_argument("--bytes", type=int, nargs="+", default=[2_000, 200_000], help="size of each body")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with running_server() as port, tempfile.TemporaryDirectory() as scratch:
        for size in arguments.bytes:
            urls = [f"http://127.0.0.1:{port}/{size}/{number}" for number in range(arguments.urls)]
            _compare(urls, size, arguments.rounds, Path(scratch))


def _compare(urls: list[str], size: int, rounds: int, scratch: Path) -> None:
    ways: dict[str, Callable[[Path], int]] = {
        "plain loop": lambda folder: plain(urls, folder, durable=False),
        "plain loop, each file brought to the disk": lambda folder: plain(urls, folder, durable=True),
        "Textmill": lambda folder: ours(urls, folder),
    }
    paces: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            folder = scratch / "round"
            folder.mkdir()
            begun = time.perf_counter()
            got = way(folder)
            paces[name].append(len(urls) / (time.perf_counter() - begun))
            assert got == size * len(urls)
            shutil.rmtree(folder)
    print(
        f"\n{len(urls)} URLs of {size:,} bytes, {_AT_ONCE} at once, {rounds} rounds in turn; URLs per second:"
    )
    for name, pace in paces.items():
        ratios = [one / other for one, other in zip(paces["Textmill"], pace, strict=True)]
        compared = "" if name == "Textmill" else f"   Textmill / this: {statistics.median(ratios):.2f}"
        print(f"  {name:44}{statistics.median(pace):8,.0f}{compared}")


if __name__ == "__main__":
    main()

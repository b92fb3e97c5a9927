"""The script that one writes first, as a contestant: aiohttp fetches pages, a pool of threads reads them.

Each thread has a PaddleOCR object of its own with the same weights as everybody; pages are squeezed to 640 x
640 pixels before they are read, as such scripts do to be quick. The server is on loopback, in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from bench.bare_engine import package_versions
from bench.reading import effective_settings
from bench.speed_records import Answer, Job
from bench.speed_serving import serve
from bench.stock_paddle import stock_pipeline

_SIDE = 640
"""Pixels of width and height to which every page is brought."""

_Result = TypeVar("_Result")


class Script:
    """Server, client and threads."""

    def __init__(self, threads: int) -> None:
        self._own = threading.local()
        all_built = threading.Barrier(threads)
        self._pool = ThreadPoolExecutor(threads, initializer=self._build)
        # A thread waits for the others in its first task, so that each of them is started and builds its own.
        for done in [self._pool.submit(all_built.wait) for _ in range(threads)]:
            done.result()
        self._loop = asyncio.new_event_loop()
        self._pictures: dict[str, Path] = {}
        self._port = self._run(self._start_server())
        self.versions = {**package_versions(), "aiohttp": version("aiohttp")}

    def prepare(self, job: Job) -> None:
        """Have the server offer the pictures."""
        for number, page in enumerate(job.pages):
            self._pictures[f"{job.name}/{number}"] = page.picture

    def read(self, job: Job) -> Answer:
        """See `Contestant`."""
        texts = self._run(self._read(job))
        return Answer(texts, len(texts))

    def _build(self) -> None:
        self._own.pipeline = stock_pipeline(effective_settings(os.environ))

    def _run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return self._loop.run_until_complete(work)

    async def _start_server(self) -> int:
        from aiohttp import web

        async def picture(request: web.Request) -> web.StreamResponse:
            return web.FileResponse(self._pictures[request.match_info["name"]])

        server = web.Application()
        server.add_routes([web.get("/{name:.+}", picture)])
        runner = web.AppRunner(server)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    async def _read(self, job: Job) -> list[str]:
        import aiohttp

        async with aiohttp.ClientSession(f"http://127.0.0.1:{self._port}") as session:

            async def read_one(number: int) -> str:
                async with session.get(f"/{job.name}/{number}") as answer:
                    answer.raise_for_status()
                    content = await answer.read()
                return await self._loop.run_in_executor(self._pool, self._text_of, content)

            return await asyncio.gather(*(read_one(number) for number in range(len(job.pages))))

    def _text_of(self, content: bytes) -> str:
        import cv2
        import numpy as np

        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        (found,) = self._own.pipeline.predict(cv2.resize(picture, (_SIDE, _SIDE)))
        return "\n".join(found["rec_texts"])


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed_script", description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    serve(lambda: Script(options.threads))


if __name__ == "__main__":
    main()

"""A server on loopback that misbehaves in every way that a URL can, one route each.

Raw asyncio instead of a framework: frameworks are too polite. Run as a program, it prints its port and serves
until it is killed; within tests, `running_server` starts it in a thread.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

CONTENT = b"".join(b"Line %d of a text that is long enough to be cut in two.\n" % n for n in range(2000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ETAG = '"fine-1"'
DATE = "Tue, 03 Mar 2026 10:00:00 GMT"
HOSTS = [f"127.0.0.{number}" for number in range(1, 9)]
_TRIES = 10
BOMB_BYTES = 2 * 1024**3

Reply = Callable[["Request"], Awaitable[None]]


@dataclass
class Request:
    """One request, and what is written in answer."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    number: int
    writer: asyncio.StreamWriter
    keep_alive: bool = True

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: str, **fields: str | int) -> None:
        lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items()]
        await self.send(f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode())

    async def answer(self, status: str, body: bytes = b"", **fields: str | int) -> None:
        await self.head(status, Content_Length=len(body), **fields)
        await self.send(body)

    def reset(self) -> None:
        """Close the connection with a bang (RST)."""
        self.keep_alive = False
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SOL_SOCKET, SO_LINGER
        self.writer.transport.abort()


def content_of(query: dict[str, str]) -> bytes:
    """A content of its own for each `n`, so that no two URLs hold the same medium."""
    return CONTENT + query["n"].encode() if "n" in query else CONTENT


async def fine(request: Request) -> None:
    await request.answer("200 OK", content_of(request.query), ETag=ETAG, Content_Type="text/plain")


async def small(request: Request) -> None:
    body = b"A short text about number %s.\n" % request.query.get("n", "none").encode()
    await request.answer("200 OK", body, Last_Modified=DATE)


async def dated(request: Request) -> None:
    await request.answer("200 OK", content_of(request.query), Last_Modified=DATE)


async def conditional(request: Request) -> None:
    if request.headers.get("if-none-match") == ETAG:
        await request.head("304 Not Modified", ETag=ETAG)
    else:
        await fine(request)


async def unasked_not_modified(request: Request) -> None:
    await request.head("304 Not Modified")


async def drip(request: Request) -> None:
    """A byte from time to time, without an end."""
    await request.head("200 OK", Content_Length=100_000)
    while True:
        await request.send(b"x")
        await asyncio.sleep(0.1)


async def stall(request: Request) -> None:
    await request.head("200 OK", Content_Length=1000)
    await request.send(b"x" * 100)
    await asyncio.sleep(3600)


async def mute(request: Request) -> None:
    await asyncio.sleep(3600)


async def hang_up(request: Request) -> None:
    request.keep_alive = False


async def truncated(request: Request) -> None:
    """Breaks off at half of the content, and knows no ranges."""
    await request.head("200 OK", Content_Length=len(CONTENT))
    await request.send(CONTENT[: len(CONTENT) // 2])
    request.keep_alive = False


async def part(request: Request, etag: str = ETAG, shift: int = 0, announced: str = "") -> None:
    """Send from the byte that is asked for, a third of the content at a time."""
    content = content_of(request.query)
    asked = request.headers.get("range")
    if asked and request.headers.get("if-range") == ETAG:
        first = int(asked.removeprefix("bytes=").removesuffix("-"))
        where = announced or f"bytes {first + shift}-{len(content) - 1}/{len(content)}"
        await request.head(
            "206 Partial Content", ETag=etag, Content_Length=len(content) - first, Content_Range=where
        )
    else:
        first = 0
        await request.head("200 OK", ETag=ETAG, Content_Length=len(content))
    await request.send(content[first : first + len(content) // 3 + 1])
    if first + len(content) // 3 + 1 < len(content):
        await asyncio.sleep(0.02)  # what was sent is read before the end is noticed
        request.reset()


async def other_part(request: Request) -> None:
    await part(request, etag='"fine-2"') if request.number < 3 else await fine(request)


async def shifted_part(request: Request) -> None:
    await part(request, shift=7) if request.number < 3 else await fine(request)


async def no_such_part(request: Request) -> None:
    if "range" in request.headers:
        await request.answer("416 Range Not Satisfiable", Content_Range=f"bytes */{len(CONTENT)}")
    elif request.number == 1:
        await part(request)
    else:
        await fine(request)


async def unasked_part(request: Request) -> None:
    await request.answer("206 Partial Content", CONTENT[:10], Content_Range=f"bytes 0-9/{len(CONTENT)}")


async def changing(request: Request) -> None:
    """Another content at every try; breaks off twice."""
    body = (b"try %d of a text. " % request.number) * 1000
    await request.head("200 OK", ETag=f'"{request.number}"', Content_Length=len(body))
    if request.number < 3:
        await request.send(body[: len(body) // 2])
        await asyncio.sleep(0.02)
        request.reset()
    else:
        await request.send(body)


async def longer_than_said(request: Request) -> None:
    await request.head("200 OK", Content_Length=100)
    await request.send(CONTENT[:200])
    request.keep_alive = False


async def shorter_than_said(request: Request) -> None:
    await request.head("200 OK", Content_Length=10_000)
    await request.send(CONTENT[:200])
    request.keep_alive = False


async def absurd_length(request: Request) -> None:
    await request.head("200 OK", Content_Length="12abc")


async def huge(request: Request) -> None:
    await request.head("200 OK", Content_Length=10**13)


async def endless(request: Request) -> None:
    await request.head("200 OK", Transfer_Encoding="chunked")
    while True:
        await request.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


async def broken_chunks(request: Request) -> None:
    await request.head("200 OK", Transfer_Encoding="chunked")
    await request.send(b"5\r\nhello\r\nzz\r\n")


async def bomb(request: Request) -> None:
    packer = zlib.compressobj(9, wbits=31)
    await request.head("200 OK", Content_Encoding="gzip", Connection="close")
    request.keep_alive = False
    for _ in range(BOMB_BYTES // 2**22):
        await request.send(packer.compress(bytes(2**22)))


async def gzipped(request: Request) -> None:
    await request.answer("200 OK", gzip.compress(content_of(request.query)), Content_Encoding="gzip")


async def deflated(request: Request) -> None:
    await request.answer("200 OK", zlib.compress(content_of(request.query)), Content_Encoding="deflate")


async def bare_deflate(request: Request) -> None:
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(content_of(request.query)) + packer.flush()
    await request.answer("200 OK", body, Content_Encoding="deflate")


async def damaged_gzip(request: Request) -> None:
    await request.answer("200 OK", gzip.compress(CONTENT)[:-50] + bytes(50), Content_Encoding="gzip")


async def half_gzip(request: Request) -> None:
    await request.answer("200 OK", gzip.compress(CONTENT)[:1000], Content_Encoding="gzip")


async def unknown_encoding(request: Request) -> None:
    await request.answer("200 OK", CONTENT, Content_Encoding="br")


async def wrong_type(request: Request) -> None:
    await request.answer("200 OK", content_of(request.query), Content_Type="image/png")


async def garbage(request: Request) -> None:
    await request.send(b"\x00\x01\x02 I am no HTTP\r\n\r\n" * 20)
    request.keep_alive = False


async def header_flood(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\r\n")
    with suppress(ConnectionError):
        for number in range(200_000):
            await request.send(b"X-%d: %s\r\n" % (number, b"y" * 100))
    request.keep_alive = False


async def long_header(request: Request) -> None:
    await request.answer("200 OK", CONTENT, X_Long="y" * 100_000)


async def empty(request: Request) -> None:
    await request.answer("200 OK")


async def empty_for_good(request: Request) -> None:
    await request.head("204 No Content")


async def too_many_requests(request: Request) -> None:
    if request.number == 1:
        await request.answer("429 Too Many Requests", Retry_After=1)
    else:
        await fine(request)


async def come_back_tomorrow(request: Request) -> None:
    await request.answer("429 Too Many Requests", Retry_After=86_400)


async def unavailable_once(request: Request) -> None:
    await (fine(request) if request.number > 1 else request.answer("503 Service Unavailable"))


async def unavailable(request: Request) -> None:
    await request.answer("503 Service Unavailable")


async def status(request: Request) -> None:
    await request.answer(f"{request.query['code']} Whatever", b"<html>no</html>")


async def redirect(request: Request) -> None:
    """Redirect to `to`; or, with `left`, so many times to itself and then to what is fine."""
    left = int(request.query.get("left", 0))
    number = request.query.get("n", "")
    onward = f"/redirect?left={left - 1}&n={number}" if left else f"/fine?n={number}"
    target = request.query.get("to") or onward
    await request.answer("302 Found", b"moved", Location=target)


async def circle(request: Request) -> None:
    await request.answer("302 Found", Location="/circle-back?n=" + request.query.get("n", ""))


async def circle_back(request: Request) -> None:
    await request.answer("301 Moved Permanently", Location="/circle?n=" + request.query.get("n", ""))


async def nowhere(request: Request) -> None:
    await request.answer("302 Found")


async def seen_headers(request: Request) -> None:
    """What was asked, as text."""
    lines = "".join(f"{name}: {value}\n" for name, value in sorted(request.headers.items()))
    await request.answer("200 OK", lines.encode())


ROUTES: dict[str, Reply] = {
    f"/{function.__name__.replace('_', '-')}": function
    for function in (
        fine, small, dated, conditional, unasked_not_modified, drip, stall, mute, hang_up, truncated, part,
        other_part, shifted_part, no_such_part, unasked_part, changing, longer_than_said, shorter_than_said,
        absurd_length, huge, endless, broken_chunks, bomb, gzipped, deflated, bare_deflate, damaged_gzip,
        half_gzip, unknown_encoding, wrong_type, garbage, header_flood, long_header, empty, empty_for_good,
        too_many_requests, come_back_tomorrow, unavailable_once, unavailable, status, redirect, circle,
        circle_back, nowhere, seen_headers,
    )
}  # fmt: skip


@dataclass
class HostileServer:
    """The server, and what it was asked.

    Attributes:
        asked: how often each target was asked.
        at_once, most_at_once: requests under way, now and at most.
    """

    asked: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    most_at_once: int = 0
    port: int = 0
    others: asyncio.Server | None = None

    def url(self, target: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{target}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while await self._one(reader, writer):
                pass
        with suppress(ConnectionError):
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first = await reader.readexactly(1)
        if first == b"\x16":  # whoever begins with TLS is told as plain servers do
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return False
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        target = head[0].split(" ")[1]
        fields = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        parts = urlsplit(target)
        self.asked[target] += 1
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        request = Request(parts.path, query, headers, self.asked[target], writer)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await ROUTES[parts.path](request)
        finally:
            self.at_once -= 1
        return request.keep_alive


async def start(server: HostileServer) -> asyncio.Server:
    """Listen on a free port of loopback: at all of `HOSTS`, which count as different hosts."""
    for _ in range(_TRIES):
        listening = await asyncio.start_server(server.serve, HOSTS[0], 0, backlog=1000)
        server.port = listening.sockets[0].getsockname()[1]
        try:
            server.others = await asyncio.start_server(server.serve, HOSTS[1:], server.port, backlog=1000)
        except OSError:  # the port is free at the first address and taken at another
            listening.close()
        else:
            return listening
    raise OSError(f"No port is free at all of {', '.join(HOSTS)}.")


@contextmanager
def running_server() -> Iterator[HostileServer]:
    """A server in a thread of its own."""
    server = HostileServer()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # whoever breaks off is no news here
    ready = threading.Event()

    async def run() -> None:
        await start(server)
        ready.set()
        await asyncio.Event().wait()

    def work() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        for other in asyncio.all_tasks(loop):
            other.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    task = loop.create_task(run())
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)


if __name__ == "__main__":

    async def main() -> None:
        server = HostileServer()
        await start(server)
        print(server.port, flush=True)  # noqa: T201
        await asyncio.Event().wait()

    asyncio.run(main())

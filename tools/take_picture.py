"""Take a picture of a page of the local Airflow UI with headless Chromium.

`python -m tools.take_picture http://127.0.0.1:8080/dags/media_ingest/runs/… docs/images/run.png` logs in with
the generated password and writes a PNG. `--click Trigger --click Backfill` presses buttons, tabs and headings
before that, one after the other, by the first line of their text or by their label. Needs Debian's package
`chromium`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import websockets

SIZE = (1600, 900)
_CLICK_SECONDS = 2.0
# The innermost, as a heading may hold a button; the last that is seen, as dialogs lie above their page.
_PLACE = """(name => {
    const lines = element => [element.innerText, element.ariaLabel].map(text => (text || "").trim());
    const called = element => lines(element).some(text => text.split("\\n")[0] === name);
    const all = [...document.querySelectorAll("button, [role=tab], [role=radio], label, summary, h2, h3")];
    const seen = all.filter(element => called(element) && element.getClientRects().length);
    const holds = element => seen.some(other => other !== element && element.contains(other));
    const wanted = seen.filter(element => !holds(element)).at(-1);
    wanted?.scrollIntoView({block: "center"});
    const box = wanted?.getBoundingClientRect();
    return box && {x: box.x + box.width / 2, y: box.y + box.height / 2};
})"""
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
]
_START_SECONDS = 30.0


class Browser:
    """One tab of a Chromium, driven by the DevTools protocol."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection
        self._numbers = count(1)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol and return its result."""
        number = next(self._numbers)
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer: dict[str, Any] = json.loads(await self._connection.recv())
            if answer.get("id") == number:
                return dict(answer.get("result", {}))


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Start Chromium with a profile of its own, and end it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            ["chromium", *_FLAGS, f"--user-data-dir={profile}", f"--window-size={SIZE[0]},{SIZE[1]}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            address = await _tab_address(Path(profile) / "DevToolsActivePort")
            async with websockets.connect(address, max_size=None) as connection:
                yield Browser(connection)
        finally:
            process.terminate()
            process.wait()


async def _tab_address(port_file: Path) -> str:
    async with asyncio.timeout(_START_SECONDS):
        while not port_file.exists() or "\n" not in port_file.read_text():
            await asyncio.sleep(0.1)
    port = port_file.read_text().splitlines()[0]
    tabs = httpx.get(f"http://127.0.0.1:{port}/json/list").json()
    return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))


def _token(origin: str, password: str) -> str:
    answer = httpx.post(f"{origin}/auth/token", json={"username": "admin", "password": password})
    return str(answer.raise_for_status().json()["access_token"])


async def take(
    url: str,
    out: Path,
    password: str,
    *,
    settle_seconds: float,
    clicks: Sequence[str] = (),
    size: tuple[int, int] = SIZE,
) -> None:
    """Open `url` as the administrator, wait until it has settled, press `clicks`, and write what is seen.

    Raises:
        LookupError: there is nothing of that name to press.
    """
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    async with browser() as tab:
        width, height = size
        await tab.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        await tab.call("Network.setCookie", name="_token", value=_token(origin, password), url=origin)
        await tab.call("Page.navigate", url=url)
        await asyncio.sleep(settle_seconds)
        for name in clicks:
            await _press(tab, name)
            await asyncio.sleep(_CLICK_SECONDS)
        picture = await tab.call("Page.captureScreenshot", format="png")
    out.write_bytes(base64.b64decode(picture["data"]))


async def _press(tab: Browser, name: str) -> None:
    answer = await tab.call(
        "Runtime.evaluate", expression=f"{_PLACE}({json.dumps(name)})", returnByValue=True
    )
    if (place := answer["result"].get("value")) is None:
        raise LookupError(f"There is nothing called {name!r} to press.")
    for event in ("mousePressed", "mouseReleased"):
        await tab.call("Input.dispatchMouseEvent", type=event, button="left", clickCount=1, **place)


def main() -> None:
    """Command line."""
    state = Path(os.environ.get("TEXTMILL_STATE", ".textmill"))
    parser = argparse.ArgumentParser(description="Take a picture of a page of the local Airflow UI.")
    parser.add_argument("url")
    parser.add_argument("out", type=Path)
    parser.add_argument("--settle", type=float, default=10.0, help="seconds to wait before the picture")
    parser.add_argument("--click", action="append", default=[], help="text or label of what to press")
    parser.add_argument("--width", type=int, default=SIZE[0])
    parser.add_argument("--height", type=int, default=SIZE[1])
    arguments = parser.parse_args()
    password = (state / "secrets" / "airflow_admin").read_text().strip()
    asyncio.run(
        take(
            arguments.url,
            arguments.out,
            password,
            settle_seconds=arguments.settle,
            clicks=arguments.click,
            size=(arguments.width, arguments.height),
        )
    )


if __name__ == "__main__":
    main()

"""A MariaDB that tests may stop and start again at the same port, and a wire that breaks when told to."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from sqlalchemy import URL

from stack import mariadb, ports, secrets_store, servers


class RestartableMariaDB:
    """A server of its own below a folder; it stops when it is left. Options come on top of the stack's."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        self._secrets = secrets_store.load_or_create(folder / "secrets")
        self._log = folder / "mariadb.log"
        account = mariadb.prepare(folder / "mariadb", self._secrets)
        self.port = ports.any_free_port()
        self._command = [*mariadb.command(folder / "mariadb", account, self.port), *options]
        self._running = ExitStack()

    @property
    def url(self) -> URL:
        return mariadb.loader_url(self._secrets, self.port)

    def start(self) -> None:
        server = servers.child_server(self._command, log=self._log, stop_signal=signal.SIGTERM)
        alive = self._running.enter_context(server)
        servers.wait_until(lambda: mariadb.answers(self._secrets, self.port), alive, "MariaDB", self._log)

    def stop(self) -> None:
        self._running.close()

    def __enter__(self) -> RestartableMariaDB:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class BreakingWire:
    """Passes bytes on to a server; once armed, swallows the answer to the next commit, and hangs up."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.is_armed = self.has_broken = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> BreakingWire:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            broken = threading.Event()
            for pair in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass_on, args=(*pair, broken), daemon=True).start()

    def _pass_on(
        self, source: socket.socket, sink: socket.socket, is_client: bool, broken: threading.Event
    ) -> None:
        while data := _received(source):
            if broken.is_set():
                break  # this is the answer
            if is_client and self.is_armed and data[4:].lower() == b"\x03commit":
                self.is_armed, self.has_broken = False, True
                broken.set()
            try:
                sink.sendall(data)
            except OSError:
                break
        for one in (source, sink):
            with suppress(OSError):  # the thread of the other direction was here before
                one.shutdown(socket.SHUT_RDWR)


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""

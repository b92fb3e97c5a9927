"""Which TCP ports a stack listens on."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from stack.errors import StackError

_SEARCHED = 200


@dataclass(frozen=True)
class Ports:
    """The ports of one stack, all on the loopback address."""

    ui: int
    mariadb: int
    postgres: int


@dataclass(frozen=True)
class Wish:
    """A port that a service would like to have, and the variable that settles it."""

    name: str
    service: str
    variable: str
    default: int


WISHES = (
    Wish("ui", "the Airflow UI", "TEXTMILL_UI_PORT", 8080),
    Wish("mariadb", "MariaDB", "TEXTMILL_MARIADB_PORT", 3307),
    Wish("postgres", "PostgreSQL", "TEXTMILL_POSTGRES_PORT", 5433),
)


def choose(environ: Mapping[str, str], remembered: Ports | None, say: Callable[[str], None]) -> Ports:
    """Choose a free port for every service: the one demanded, else the last one, else the next free one."""
    chosen: dict[str, int] = {}
    for wish in WISHES:
        if (port := demanded(wish, environ)) is not None:
            _check_demanded(wish, port, chosen)
            chosen[wish.name] = port
    for wish in WISHES:
        if wish.name not in chosen:
            wanted = wish.default if remembered is None else int(getattr(remembered, wish.name))
            chosen[wish.name] = _next_free(wish, wanted, chosen, say)
    return Ports(**chosen)


def demanded(wish: Wish, environ: Mapping[str, str]) -> int | None:
    """The port that a variable demands; None when it is not set."""
    text = environ.get(wish.variable, "").strip()
    if not text:
        return None
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise StackError(f"{wish.variable} must be a port number between 1 and 65535, not {text!r}.")
    return int(text)


def remember(file: Path, ports: Ports) -> None:
    """Keep the chosen ports for the next start and for the other commands."""
    file.write_text(json.dumps(asdict(ports)) + "\n")


def recall(file: Path) -> Ports | None:
    """The ports of the last start, if there was one."""
    try:
        return Ports(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set the same option, so that connections still closing are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def any_free_port() -> int:
    """A free port that the kernel picks, for servers of tests that nobody has to find by hand."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def holder_of(port: int) -> str:
    """The process that listens on a port, as far as we may know: ` (nginx, process 42)` or nothing."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.pid and getattr(connection.laddr, "port", None) == port:
                return f" ({psutil.Process(connection.pid).name()}, process {connection.pid})"
    return ""


def _check_demanded(wish: Wish, port: int, chosen: Mapping[str, int]) -> None:
    if port in chosen.values():
        raise StackError(f"{wish.variable} names port {port}, which another service has already.")
    if not is_free(port):
        raise StackError(
            f"Port {port} for {wish.service} is taken{holder_of(port)}: free it, "
            f"or set {wish.variable} to another port."
        )


def _next_free(wish: Wish, wanted: int, chosen: Mapping[str, int], say: Callable[[str], None]) -> int:
    for candidate in range(wanted, min(wanted + _SEARCHED, 65536)):
        if candidate not in chosen.values() and is_free(candidate):
            if candidate != wanted:
                holder = holder_of(wanted)
                say(f"Port {wanted} for {wish.service} is taken{holder}; using {candidate} instead.")
            return candidate
    raise StackError(f"No free port for {wish.service} from {wanted} on: set {wish.variable} to a free one.")

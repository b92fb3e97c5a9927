"""Start a database server for the length of a `with` block, and wait until a server answers."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, NullPool, create_engine
from sqlalchemy.exc import OperationalError

from stack.commands import failure_sentence
from stack.errors import StackError

_ANSWER_SECONDS = 60.0
_STOP_SECONDS = 30.0


def accepts_login(url: URL) -> bool:
    """Whether a database server lets the account of this URL in."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    try:
        engine.connect().close()
    except OperationalError:
        return False
    return True


def wait_until(answers: Callable[[], bool], alive: Callable[[], bool], name: str, log: Path) -> None:
    """Wait until a server answers; end early, with the last lines of its log, when it is gone."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while not answers():
        if not alive():
            raise StackError(failure_sentence(f"{name} ended while starting (its log: {log})", tail(log)))
        if time.monotonic() > deadline:
            message = f"{name} does not answer after {_ANSWER_SECONDS:.0f} seconds (its log: {log})"
            raise StackError(failure_sentence(message, tail(log)))
        time.sleep(0.05)


@contextmanager
def child_server(command: Sequence[str], *, log: Path, stop_signal: int) -> Iterator[Callable[[], bool]]:
    """Run a server as our child; yields the question whether it is alive, and stops it at the end.

    The server dies with the thread that started it, so that a killed test run leaves nothing behind.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    setpriv = shutil.which("setpriv")
    dying_with_us = [setpriv, "--pdeathsig=TERM", "--"] if setpriv and command[0] != "setpriv" else []
    if command[0] == "setpriv":
        command = [command[0], "--pdeathsig=TERM", *command[1:]]
    with log.open("ab") as output:
        server = subprocess.Popen(
            [*dying_with_us, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield lambda: server.poll() is None
    finally:
        if server.poll() is None:
            server.send_signal(stop_signal)
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def tail(file: Path, size: int = 4000) -> str:
    """The last part of a log file, empty when there is none."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - size))
            return log.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""

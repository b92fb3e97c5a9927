"""The supervisor: keeps every server of a stack running, restarts what crashes, rotates the logs.

This is supervisord, started detached from the terminal and spoken to over a private socket.
"""

from __future__ import annotations

import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil

from stack.airflow_configuration import MARK
from stack.errors import StackError, mentions_full_disk
from stack.paths import Paths
from stack.servers import tail

# The kernel refuses longer socket paths; supervisord first binds `<path>.<process id>`.
_LONGEST_SOCKET_PATH = 107 - len(".4194304")
_PID_FILE = "run/supervisord.pid"
_SOCKET = "run/supervisor.sock"
_START_SECONDS = 15.0


@dataclass(frozen=True)
class Program:
    """One server: its command, and how it is started and stopped."""

    name: str
    command: Sequence[str]
    stop_signal: str = "TERM"
    stop_seconds: int = 15
    starts_at_once: bool = False
    """Databases start with the supervisor; Airflow only after its tables exist."""
    stops_as_group: bool = False
    """The signal to stop goes to the children too, for a program that would wait for them."""


@dataclass(frozen=True)
class ProgramState:
    """What the supervisor says about one program."""

    name: str
    state: str
    pid: int
    seconds: float
    message: str

    @property
    def is_running(self) -> bool:
        """Whether it has stayed up for some seconds."""
        return self.state == "RUNNING"

    @property
    def has_failed(self) -> bool:
        """Whether the supervisor has given up on it."""
        return self.state in ("FATAL", "UNKNOWN")


class Supervisor:
    """The supervisor of one stack, running or not."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._configuration = paths.run / "supervisord.conf"
        self._pid_file = paths.state / _PID_FILE
        self._socket_note = paths.run / "supervisor.socket-path"

    @property
    def log(self) -> Path:
        """Where the supervisor writes what it does."""
        return self._paths.logs / "supervisord.log"

    def process(self) -> psutil.Process | None:
        """The living supervisor, known by the mark in its environment and not by its number alone."""
        try:
            process = psutil.Process(int(self._pid_file.read_text()))
            ours = process.environ().get(MARK) == str(self._paths.state)
            return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
        except (OSError, ValueError, psutil.Error):
            return None

    def start(self, programs: Sequence[Program], environment: Mapping[str, str]) -> None:
        """Start the supervisor in a session of its own; programs marked so start with it."""
        text = configuration(programs, self._make_socket_path())
        self._configuration.write_text(text)
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configuration)]
        started = subprocess.run(
            command,
            env=dict(environment),
            cwd=self._paths.state,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + _START_SECONDS
        while started.returncode == 0 and time.monotonic() < deadline:
            if self.process() is not None and self._answers():
                return
            time.sleep(0.05)
        reason = started.stdout.strip()[-500:] or f"see {self.log}"
        raise StackError(f"The supervisor did not start: {reason}")

    def start_program(self, name: str) -> None:
        """Start one program without waiting for it; one that runs is left alone.

        One that ends at once is tried again by the supervisor; `check` says when it has given up.
        """
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if not fault.faultString.startswith(("ALREADY_STARTED", "SPAWN_ERROR", "ABNORMAL_TERMINATION")):
                reason = f"{fault.faultString}; see `make logs SERVICE={name}`"
                raise StackError(f"{name} did not start: {reason}.") from None

    def programs(self) -> dict[str, ProgramState]:
        """The state of every program; empty when the supervisor does not run or answer."""
        if self.process() is None:
            return {}
        try:
            listed = cast(list[dict[str, Any]], self._call("getAllProcessInfo"))
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return {}
        return {item["name"]: _state(item) for item in listed}

    def check(self, name: str) -> None:
        """Raise a sentence when a program has given up."""
        state = self.programs().get(name)
        if state is None or state.has_failed:
            log = self._paths.logs / f"{name}.log"
            last = tail(log)
            reason = "the disk is full" if mentions_full_disk(last) else f"the end of its log {log} says why"
            lines = "\n".join(f"    {line}" for line in last.splitlines()[-5:])
            raise StackError(f"{name} does not stay up: {reason}.\n{lines}")

    def stop(self, patience: float) -> None:
        """End the supervisor and with it all programs, in reverse order; returns when it is gone."""
        process = self.process()
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(patience)
            except psutil.TimeoutExpired:
                process.kill()
        self._remove_socket()

    def _call(self, method: str, *arguments: Any) -> Any:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self._socket_path()}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(self._socket_path()) == 0

    def _socket_path(self) -> str:
        try:
            return self._socket_note.read_text().strip()
        except FileNotFoundError:
            raise StackError("Textmill is not running: start it with `make run` or `make start`.") from None

    def _make_socket_path(self) -> str:
        self._remove_socket()
        path = self._paths.state / _SOCKET
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            path = Path(tempfile.mkdtemp(prefix="textmill-"), "supervisor.sock")
        self._socket_note.write_text(f"{path}\n")
        return _SOCKET if path.is_relative_to(self._paths.state) else str(path)

    def _remove_socket(self) -> None:
        try:
            path = Path(self._socket_path())
        except StackError:
            return
        path.unlink(missing_ok=True)
        if path.parent != self._paths.run and path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()
        self._socket_note.unlink()


def configuration(programs: Sequence[Program], socket_path: str) -> str:
    """The text of `supervisord.conf`.

    Paths are relative to the state folder, in which the supervisor starts: it takes a per cent sign
    in a path for a reference, and in the path of a log file does so twice.
    """
    account = ["user=root"] if os.geteuid() == 0 else []
    sections = [
        "; Generated at every start. Changes made here are lost.",
        "[unix_http_server]",
        f"file={socket_path}",
        "chmod=0700",
        "",
        "[supervisord]",
        "logfile=logs/supervisord.log",
        "logfile_maxbytes=5MB",
        "logfile_backups=1",
        f"pidfile={_PID_FILE}",
        "childlogdir=logs",
        "umask=077",
        *account,
        "",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for order, program in enumerate(programs):
        sections += ["", *_program_section(program, order)]
    return "\n".join(sections) + "\n"


def _program_section(program: Program, order: int) -> list[str]:
    return [
        f"[program:{program.name}]",
        "command=" + shlex.join(program.command).replace("%", "%%"),
        f"priority={100 + order}",
        f"autostart={str(program.starts_at_once).lower()}",
        "autorestart=true",
        "startsecs=3",
        "startretries=5",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={program.stop_seconds}",
        f"stopasgroup={str(program.stops_as_group).lower()}",
        "killasgroup=true",
        f"stdout_logfile=logs/{program.name}.log",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=3",
        "redirect_stderr=true",
    ]


def _state(item: Mapping[str, Any]) -> ProgramState:
    return ProgramState(
        name=str(item["name"]),
        state=str(item["statename"]),
        pid=int(item["pid"]),
        seconds=max(0.0, float(item["now"]) - float(item["start"])),
        message=str(item["spawnerr"] or item["description"]),
    )

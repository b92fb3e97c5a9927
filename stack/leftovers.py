"""Find and end every process of a stack, also those that lost their parent.

Airflow's tasks make sessions of their own and outlive a killed scheduler, so the end of the
supervisor is no proof. All processes inherit a mark in their environment, by which they are found.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

from stack.airflow_configuration import MARK


def find(state: Path) -> list[psutil.Process]:
    """All living processes of the stack with this state folder, and their descendants.

    PostgreSQL writes its process titles over its environment, so its processes are known by their
    working folder, which is the folder of its data.
    """
    ours = {process.pid for process in psutil.Process().parents()} | {os.getpid()}
    mark = f"{MARK}={state}".encode()
    cluster = str(state / "postgres" / "data")
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if process.pid not in ours and _belongs(process, mark, cluster):
            found[process.pid] = process
            found.update((child.pid, child) for child in _descendants(process) if child.pid not in ours)
    return list(found.values())


def end(state: Path, known: Sequence[psutil.Process] = (), patience: float = 5.0) -> int:
    """End all of them, first politely; returns how many there were.

    `known` are processes found while the stack still ran. One that carries no mark and was known
    only as somebody's child cannot be found any more once its parent is gone.
    """
    processes = {process.pid: process for process in [*known, *find(state)] if _is_alive(process)}
    total = 0
    # A process may start another one while we look: look again until nothing is left.
    for _ in range(5):
        if not processes:
            break
        total += len(processes)
        _signal(list(processes.values()), "terminate")
        _signal(_still_alive(processes.values(), patience), "kill")
        _still_alive(processes.values(), patience)
        processes = {process.pid: process for process in find(state)}
    return total


def _still_alive(processes: Iterable[psutil.Process], patience: float) -> list[psutil.Process]:
    """Wait for processes to end, for so many seconds; returns those that did not.

    One that has ended and that nobody collects, as in a container without an init, counts as gone.
    """
    deadline = time.monotonic() + patience
    while (alive := [process for process in processes if _is_alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _signal(processes: list[psutil.Process], how: str) -> None:
    for process in processes:
        try:
            getattr(process, how)()
        except psutil.NoSuchProcess:
            continue


def _belongs(process: psutil.Process, mark: bytes, cluster: str) -> bool:
    folder = Path("/proc", str(process.pid))
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return (
            mark in (folder / "environ").read_bytes().split(b"\0")
            or str((folder / "cwd").readlink()) == cluster
        )
    except (OSError, psutil.Error):
        # It ended meanwhile, or belongs to somebody else.
        return False


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [child for child in process.children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
    except psutil.Error:
        return []

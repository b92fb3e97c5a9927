"""The container engine of this machine, docker or podman, asked by those of its commands that both have."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_ANSWER_SECONDS = 120.0


class EngineFailed(Exception):
    """A command of the engine did not get through; the message has what it said."""


class ContainerEngine:
    """Docker or podman, by its command line.

    Args:
        program: `docker` or `podman`.
        compose: the command that runs compose files with it.
    """

    def __init__(self, program: str, compose: tuple[str, ...]) -> None:
        self.program = program
        self.compose = compose

    def run(self, *arguments: str, seconds: float = _ANSWER_SECONDS, stdin: str | None = None) -> str:
        """Run a command of the engine and return what it printed.

        Raises:
            EngineFailed: it ended with another code than 0, or not in time.
        """
        return run_to_end([self.program, *arguments], seconds=seconds, stdin=stdin)

    def inspect(self, container: str) -> dict[str, Any]:
        """What the engine knows of a container, in the words of docker's API."""
        found: list[dict[str, Any]] = json.loads(self.run("container", "inspect", container))
        return found[0]

    def image_bytes(self, image: str) -> int:
        """Size of an image with all its layers, uncompressed."""
        return int(json.loads(self.run("image", "inspect", image))[0]["Size"])

    def ids(self, label: str) -> list[str]:
        """Containers with a label, `name=value`, in whatever state."""
        return self.run("ps", "-a", "--no-trunc", "-q", "--filter", f"label={label}").split()

    def memory_mb(self, containers: Sequence[str]) -> dict[str, float]:
        """Memory in use by container, in MiB, as the engine reckons it."""
        lines = self.run(
            "stats", "--no-stream", "--format", "{{.ID}};{{.MemUsage}}", *containers
        ).splitlines()
        return {ident: mebibytes(usage.split("/")[0]) for ident, usage in (line.split(";") for line in lines)}


def mebibytes(words: str) -> float:
    """An amount as engines print it (`19.68MB`, `1.2GiB`), in MiB."""
    units = {
        "gib": 1024.0,
        "mib": 1.0,
        "kib": 1 / 1024,
        "gb": 1e9 / 2**20,
        "mb": 1e6 / 2**20,
        "kb": 1e3 / 2**20,
    }
    amount = words.strip().lower()
    for unit, factor in units.items():
        if amount.endswith(unit):
            return float(amount.removesuffix(unit)) * factor
    return float(amount.removesuffix("b")) / 2**20


def find_engine(repository: Path) -> ContainerEngine | None:
    """The engine that `containers/engine` chooses; None when this machine has none."""
    program = str(repository / "containers" / "engine")
    try:
        return ContainerEngine(_output(program), tuple(_output(program, "compose").split()))
    except EngineFailed:
        return None


def _output(*command: str) -> str:
    return run_to_end(command, seconds=_ANSWER_SECONDS).strip()


def run_to_end(
    command: Sequence[str],
    *,
    seconds: float,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> str:
    """Run a program and return what it printed. Raises EngineFailed with its last lines."""
    try:
        done = subprocess.run(
            command,
            input=stdin if stdin is not None else "",
            env={**os.environ, **(environment or {})},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise EngineFailed(f"{' '.join(command)} did not end within {seconds:.0f} seconds.") from None
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise EngineFailed(f"{' '.join(command)} ended with code {done.returncode}: {said}")
    return done.stdout

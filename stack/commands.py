"""Run an external program to its end, and say in a sentence when it fails."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack.errors import DISK_FULL, StackError, mentions_full_disk


def run_to_end(
    command: Sequence[str],
    *,
    failure: str,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    hidden: Sequence[str] = (),
) -> str:
    """Run `command` and return what it printed; `failure` begins the sentence when it fails.

    `hidden` are secrets that were handed over on standard input and could come back in a message.
    """
    try:
        done = subprocess.run(
            command,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            cwd=cwd,
        )
    except FileNotFoundError:
        raise StackError(f"{failure}: the program {command[0]} is missing; run `make setup`.") from None
    if done.returncode != 0:
        raise StackError(failure_sentence(failure, done.stdout, hidden))
    return done.stdout


def failure_sentence(failure: str, output: str, hidden: Sequence[str] = ()) -> str:
    """The sentence for a failed program: what failed, and the last lines it printed."""
    if mentions_full_disk(output):
        return DISK_FULL
    for secret in hidden:
        output = output.replace(secret, "********")
    lines = [line for line in output.splitlines() if line.strip()]
    if not lines:
        return f"{failure}."
    return "\n".join([f"{failure}. It said:", *(f"    {line}" for line in lines[-6:])])

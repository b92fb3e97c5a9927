"""The contestant's side of the comparison: a process that reads jobs when it is told to.

One JSON object a line: requests on standard input, answers on standard output. Libraries that chatter on
standard output are heard on standard error instead.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol, TextIO

from bench.speed_records import Answer, Job
from textmill.lifeline import die_with_parent


class Contestant(Protocol):
    """Somebody who reads pages. Built once per process, ready to read when it is."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Of the packages and programs that read."""
        ...

    def prepare(self, job: Job) -> None:
        """Do what the comparison does not time: bring the pages into the form that this contestant takes."""
        ...

    def read(self, job: Job) -> Answer:
        """Read all pages of a job that was prepared."""
        ...


def serve(make: Callable[[], Contestant]) -> None:
    """Build a contestant and answer requests until standard input ends."""
    die_with_parent(os.getppid())
    answers = _own_output()
    contestant = make()
    _send(answers, {"versions": dict(contestant.versions)})
    for line in sys.stdin:
        request = json.loads(line)
        job = Job.from_json(request["job"])
        if request["do"] == "prepare":
            contestant.prepare(job)
            _send(answers, {})
        else:
            _send(answers, asdict(contestant.read(job)))


def _own_output() -> TextIO:
    """Return standard output, and let everybody else who writes there write to standard error."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "w", encoding="utf-8")


def _send(target: TextIO, answer: Mapping[str, Any]) -> None:
    target.write(json.dumps(answer) + "\n")
    target.flush()

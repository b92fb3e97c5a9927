"""Measure contestants on sets of pages, round by round."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench import machine
from bench.metrics import Score
from bench.speed_contestants import ContestantFailed, RunningContestant
from bench.speed_records import Job, Measurement
from bench.speed_sets import PageSet
from bench.tree_memory import TreeMemoryWatch

_QUIET_PERCENT = 10.0
"""An idle machine uses less than this."""


@dataclass
class _Notes:
    """What is known of a contestant on a set so far."""

    score: Score
    pages: int = 0
    seconds: list[float] = field(default_factory=list)
    peak_memory_mb: int = 0


class Rounds:
    """Lets contestants take turns.

    Attributes:
        measurements: of all sets that were run.
        left_out: sentences about contestants that did not get through; they are asked nothing more.
        others_busy: percent of the machine that others used before each set.
    """

    def __init__(
        self, contestants: Sequence[RunningContestant], rounds: int, say: Callable[[str], None]
    ) -> None:
        self._contestants = list(contestants)
        self._rounds = rounds
        self._say = say
        self.measurements: list[Measurement] = []
        self.left_out: list[str] = []
        self.others_busy: dict[str, float] = {}

    def run(self, pages: PageSet) -> None:
        """Have everybody read all pages once for their text, and the timed ones in every round."""
        self._look_around(pages.name)
        timed = pages.timed_job()
        notes = {
            one.entrant.name: note
            for one in list(self._contestants)
            if (note := self._begin(one, pages, timed)) is not None
        }
        for number in range(self._rounds):
            began = time.monotonic()
            for one in self._in_turn(number):
                self._time(one, timed, notes[one.entrant.name])
            self._say(f"{pages.name}, round {number + 1}: {time.monotonic() - began:.0f} s")
        self.measurements += [
            Measurement(
                name,
                pages.name,
                note.pages,
                note.seconds,
                note.peak_memory_mb,
                note.score.word_f1,
                note.score.character_error_rate,
            )
            for name, note in notes.items()
            if len(note.seconds) == self._rounds
        ]

    def _look_around(self, name: str) -> None:
        busy = self.others_busy[name] = machine.busy_percent()
        if busy > _QUIET_PERCENT:
            self._say(f"Others use {busy:.0f} % of this machine: ratios hold better than pages per second.")

    def _begin(self, contestant: RunningContestant, pages: PageSet, timed: Job) -> _Notes | None:
        """Read all pages; this also is what warms the contestant up. None when it did not get through."""
        scored = pages.scored_job()
        began = time.monotonic()
        try:
            contestant.prepare(scored)
            contestant.prepare(timed)
            with TreeMemoryWatch(contestant.pid) as memory:
                answer = contestant.read(scored)
        except ContestantFailed as failure:
            self._leave_out(contestant, failure)
            return None
        notes = _Notes(pages.score(answer.texts), peak_memory_mb=memory.peak_mb)
        took = time.monotonic() - began
        self._say(f"{pages.name}, {contestant.entrant.name}: word F1 {notes.score.word_f1:.4f}, {took:.0f} s")
        return notes

    def _time(self, contestant: RunningContestant, job: Job, notes: _Notes) -> None:
        try:
            with TreeMemoryWatch(contestant.pid) as memory:
                began = time.perf_counter()
                answer = contestant.read(job)
                notes.seconds.append(time.perf_counter() - began)
        except ContestantFailed as failure:
            self._leave_out(contestant, failure)
            return
        notes.pages = answer.pages
        notes.peak_memory_mb = max(notes.peak_memory_mb, memory.peak_mb)

    def _in_turn(self, number: int) -> list[RunningContestant]:
        """Another one begins each round, so that nobody always comes after the same other."""
        if not self._contestants:
            return []
        first = number % len(self._contestants)
        return [*self._contestants[first:], *self._contestants[:first]]

    def _leave_out(self, contestant: RunningContestant, failure: ContestantFailed) -> None:
        self._say(str(failure))
        self.left_out.append(str(failure))
        self._contestants.remove(contestant)
        contestant.stop()

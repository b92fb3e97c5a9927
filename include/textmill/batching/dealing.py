"""Deal media out into batches of about equal work.

Work is estimated OCR time, not a number of files: one 300-page PDF outweighs a hundred receipts. The rule is
"longest processing time first" (Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Appl. Math.
17(2), 1969): the longest items are dealt out first, each to the batch that has least so far, which is never
more than a third longer than the best possible split.

A million media are dealt out in seconds and some 100 MB: only their estimates are held (`Workload`), and
the references are streamed once more to be written to their batches (`Deal.pieces`).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace
from typing import NamedTuple

from textmill.batching.workload import Workload
from textmill.records import ReadingProfile

_TASK_SECONDS = 3.0
"""What a batch costs besides its OCR process: its tasks in Airflow."""
_WORTH_A_SLOT = 4.0
"""Work for one more slot is this many times what a batch costs; less is done sooner by one process."""
_PARTS_OF_BATCHES = 4
"""One medium is read in at most max_batches / 4 parts, so that it does not crowd the others out."""
_ROUNDING = 1e-6


@dataclass(frozen=True)
class PlanLimits:
    """How batches are cut.

    Attributes:
        batch_seconds: estimated OCR seconds that a batch should hold.
        max_batches: most batches; beyond that, batches grow instead.
        slots: batches that are read at once. Unless there is little work, the number of batches is a
            multiple of it, so that no slot idles.
        part_seconds: a divisible medium that takes longer is read in parts.
    """

    batch_seconds: float
    max_batches: int
    slots: int
    part_seconds: float = math.inf


@dataclass(frozen=True)
class PlannedBatch:
    """What a batch will have to do.

    Attributes:
        media: of which it has the only or the first part.
        seconds: estimated, for its pages.
        start_seconds: estimated, besides its pages.
    """

    profile: ReadingProfile
    media: int
    seconds: float
    start_seconds: float


class Piece(NamedTuple):
    """A medium, or a part of one, in a batch: what `BatchItem` says of it besides the reference."""

    batch_no: int
    item_no: int
    pages: int
    seconds: float
    part: int = 0
    parts: int = 1


class Deal:
    """Which batch each medium goes to.

    Attributes:
        batches: those with most work first, which are to be started first: a long batch that starts last
            is waited for.
    """

    def __init__(
        self,
        work: Workload,
        batches: Sequence[PlannedBatch],
        batch_of: array[int],
        parts: Mapping[int, Sequence[int]],
    ) -> None:
        self.batches = tuple(batches)
        self._work = work
        self._batch_of = batch_of
        self._parts = parts

    def pieces(self) -> Iterator[tuple[Piece, ...]]:
        """Yield what becomes of each medium, in the order in which they were discovered."""
        numbers = [0] * len(self.batches)
        rows = zip(self._work.pages, self._work.seconds, self._batch_of, strict=True)
        for medium, (pages, seconds, batch_no) in enumerate(rows):
            places = self._parts.get(medium)
            if places is None:
                yield (Piece(batch_no, numbers[batch_no], pages, round(seconds, 3)),)
                numbers[batch_no] += 1
                continue
            yield tuple(
                Piece(
                    place,
                    numbers[place],
                    pages * (part + 1) // len(places) - pages * part // len(places),
                    round(seconds / len(places), 3),
                    part,
                    len(places),
                )
                for part, place in enumerate(places)
            )
            for place in places:
                numbers[place] += 1


def deal(work: Workload, limits: PlanLimits) -> Deal:
    """Deal media out. Deterministic: the same workload gives the same batches; none when there is no medium.

    All media of a batch have one reading profile; the parts of a medium are in different batches.
    """
    if not len(work):
        return Deal(work, (), array("I"), {})
    shares, parts = _cut(work, limits)
    return _Dealer(work, shares, parts).deal()


def batch_count(
    total_seconds: float, pieces: int, limits: PlanLimits, *, profiles: int = 1, start_seconds: float = 2.0
) -> int:
    """How many batches `total_seconds` of work in `pieces` pieces should become, at least one per profile."""
    worth = _WORTH_A_SLOT * (start_seconds + _TASK_SECONDS)
    wanted = max(profiles, math.ceil(total_seconds / limits.batch_seconds - _ROUNDING))
    if total_seconds >= limits.slots * worth:
        wanted = _multiple(wanted, limits.slots)
    return max(1, min(wanted, limits.max_batches, pieces))


def share_out(count: int, seconds: Sequence[float], pieces: Sequence[int]) -> list[int]:
    """Share `count` batches out among profiles, so that the fullest batch has as little as can be.

    Args:
        count: at least one per profile; what the profiles have no pieces for is left over.
        seconds, pieces: work of each profile, and in how many pieces it comes.
    """
    shares = [1] * len(seconds)
    queue = [(-one, number) for number, one in enumerate(seconds)]
    heapify(queue)
    left = count - len(shares)
    while left > 0 and queue:
        number = heappop(queue)[1]
        if shares[number] < pieces[number]:
            shares[number] += 1
            left -= 1
            heappush(queue, (-seconds[number] / shares[number], number))
    return shares


def _cut(work: Workload, limits: PlanLimits) -> tuple[list[int], dict[int, int]]:
    """Return the number of batches of each profile, and of parts of each medium that has several."""
    seconds = _divisible_work(work, limits)
    pieces = [0] * len(work.profiles)
    for number in work.profile:
        pieces[number] += 1
    start_seconds = max(cost.start_seconds for cost in work.costs)

    def count(pieces: int) -> int:
        return batch_count(sum(seconds), pieces, limits, profiles=len(seconds), start_seconds=start_seconds)

    parts = _parts(work, limits, sum(seconds) / count(limits.max_batches))
    for medium, number in parts.items():
        pieces[work.profile[medium]] += number - 1
    shares = share_out(count(sum(pieces)), seconds, pieces)
    possible = {medium: min(number, shares[work.profile[medium]]) for medium, number in parts.items()}
    return shares, {medium: number for medium, number in possible.items() if number > 1}


def _divisible_work(work: Workload, limits: PlanLimits) -> list[float]:
    """Return the work of each profile that batches can share.

    A medium that is longer than a batch and cannot be read in parts fills one batch, however long it is:
    more batches would not make it shorter, and would leave less for each of the others.
    """
    batch = max(limits.batch_seconds, sum(work.seconds) / limits.max_batches)
    seconds = [0.0] * len(work.profiles)
    for number, one in zip(work.profile, work.seconds, strict=True):
        seconds[number] += min(one, batch)
    for medium in work.divisible:
        one = work.seconds[medium]
        if one > limits.part_seconds:
            seconds[work.profile[medium]] += one - min(one, batch)
    return seconds


def _parts(work: Workload, limits: PlanLimits, target: float) -> dict[int, int]:
    """Return in how many parts each long medium should be read, where a batch holds `target` seconds."""
    most = max(1, limits.max_batches // _PARTS_OF_BATCHES)
    return {
        medium: min(math.ceil(work.seconds[medium] / target - _ROUNDING), most, work.pages[medium])
        for medium in work.divisible
        if work.seconds[medium] > limits.part_seconds
    }


def _multiple(count: int, slots: int) -> int:
    return math.ceil(count / slots) * slots


class _Dealer:
    """Deals the pieces out, longest first."""

    def __init__(self, work: Workload, shares: Sequence[int], parts: Mapping[int, int]) -> None:
        self._work = work
        self._parts = parts
        self._profile_of = [number for number, share in enumerate(shares) for _ in range(share)]
        self._media = [0] * len(self._profile_of)
        self._longest = [0.0] * len(self._profile_of)
        self._batch_of = array("I", bytes(array("I").itemsize * len(work)))
        self._places: dict[int, list[int]] = {}
        self._heaps: list[list[tuple[float, int]]] = [[] for _ in shares]
        for batch, profile in enumerate(self._profile_of):
            self._heaps[profile].append((0.0, batch))

    def deal(self) -> Deal:
        piece = array("d", self._work.seconds)
        for medium, count in self._parts.items():
            piece[medium] /= count
        # Sorting is stable: of equal pieces, what was discovered first comes first.
        for medium in sorted(range(len(piece)), key=piece.__getitem__, reverse=True):
            heap = self._heaps[self._work.profile[medium]]
            if medium in self._parts:
                self._deal_parts(medium, piece[medium], heap)
                continue
            load, batch = heap[0]
            heapreplace(heap, (load + piece[medium], batch))
            self._batch_of[medium] = batch
            self._note(batch, piece[medium])
            self._media[batch] += 1
        return self._ordered()

    def _deal_parts(self, medium: int, seconds: float, heap: list[tuple[float, int]]) -> None:
        emptiest = [heappop(heap) for _ in range(self._parts[medium])]
        for load, batch in emptiest:
            heappush(heap, (load + seconds, batch))
            self._note(batch, seconds)
        self._places[medium] = [batch for _, batch in emptiest]

    def _note(self, batch: int, seconds: float) -> None:
        self._longest[batch] = max(self._longest[batch], seconds)

    def _ordered(self) -> Deal:
        """Number the batches: those with most work first, among equals those with the longest piece."""
        loads = {batch: load for heap in self._heaps for load, batch in heap}
        order = sorted(
            loads, key=lambda batch: (-round(loads[batch], 3), -round(self._longest[batch], 3), batch)
        )
        number = {batch: place for place, batch in enumerate(order)}
        batch_of = array("I", (number[batch] for batch in self._batch_of))
        places = {medium: sorted(number[one] for one in batches) for medium, batches in self._places.items()}
        media = [self._media[batch] for batch in order]
        for batches in places.values():
            media[batches[0]] += 1
        planned = [
            PlannedBatch(
                profile=self._work.profiles[self._profile_of[batch]],
                media=media[place],
                seconds=loads[batch],
                start_seconds=self._work.costs[self._profile_of[batch]].start_seconds,
            )
            for place, batch in enumerate(order)
        ]
        return Deal(self._work, planned, batch_of, places)

"""What the OCR slots of a run did: which batch each of them read when, and when they had nothing to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.measurements import TaskTimes, WholeRun

OCR_TASK = "batch.ocr"


@dataclass(frozen=True)
class SlotTimes:
    """Seconds of all slots together, from the beginning of the first OCR task to the end of the last.

    Attributes:
        pages: on single pages.
        besides_pages: in OCR tasks, but on no page: starting a process, loading models, writing the table.
        between: a slot was empty though batches were still to be read.
        at_the_end: a slot was empty since no batch was left, and others still read.
    """

    pages: float
    besides_pages: float
    between: float
    at_the_end: float

    @property
    def all(self) -> float:
        """Slots times seconds."""
        return self.pages + self.besides_pages + self.between + self.at_the_end


def slots_of(run: WholeRun) -> list[list[TaskTimes]]:
    """Return the OCR tasks of each slot in the order in which they ran.

    Airflow does not number the places in a pool: a task gets the one that has been free for longest.
    """
    slots: list[list[TaskTimes]] = [[] for _ in range(run.slots)]
    for task in sorted(ocr_tasks(run), key=lambda task: task.started):
        min(slots, key=lambda slot: slot[-1].ended if slot else 0.0).append(task)
    return slots


def ocr_tasks(run: WholeRun) -> list[TaskTimes]:
    """The tasks that read batches."""
    return [task for task in run.tasks if task.task == OCR_TASK]


def slot_times(run: WholeRun) -> SlotTimes:
    """Return what the slots did."""
    tasks = ocr_tasks(run)
    began, ended = min(task.started for task in tasks), max(task.ended for task in tasks)
    slots = slots_of(run)
    last_start = max(task.started for task in tasks)
    gaps = [gap for slot in slots for gap in _gaps(slot, began, ended)]
    between = sum(max(0.0, min(end, last_start) - start) for start, end in gaps)
    return SlotTimes(
        pages=run.page_seconds,
        besides_pages=sum(task.seconds for task in tasks) - run.page_seconds,
        between=between,
        at_the_end=sum(end - start for start, end in gaps) - between,
    )


def _gaps(slot: Sequence[TaskTimes], began: float, ended: float) -> list[tuple[float, float]]:
    edges = [began, *(edge for task in slot for edge in (task.started, task.ended)), ended]
    return [(start, end) for number, (start, end) in enumerate(pairwise(edges)) if number % 2 == 0]

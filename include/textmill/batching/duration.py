"""How long a plan will take by the clock, and how to say it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from textmill.records import PlanEstimate


def makespan(batches: Iterable[float], slots: int) -> float:
    """Return the seconds until the last batch is read when a free slot always takes the next batch.

    This is list scheduling (Graham, "Bounds for certain multiprocessing anomalies", Bell System Technical
    Journal 45(9), 1966), which is what a pool of `slots` slots does.

    Args:
        batches: seconds of one slot, in the order in which batches are started.
    """
    free = [0.0] * slots
    for seconds in batches:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def in_words(seconds: float) -> str:
    """Return a duration in at most two units, for people to read."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(hours + minutes / 60), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def sentence(estimate: PlanEstimate) -> str:
    """Return an estimate in a sentence."""
    if not estimate.media:
        return "There is nothing to read."
    devices = " and ".join(estimate.devices)
    by = f"as measured on {devices}" if devices else "as assumed until something is measured"
    return (
        f"{_count(estimate.media, 'medium', 'media')}, about {_count(estimate.pages, 'page', 'pages')} in "
        f"{_count(estimate.batches, 'batch', 'batches')}: about {in_words(estimate.wall_seconds)} with "
        f"{_count(estimate.slots, 'slot', 'slots')}, {by}."
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"

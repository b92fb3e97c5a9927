"""How fast pages are read: what the planner goes by, and the warehouse remembers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from textmill.records import Kind

MEMORY_PAGES = 1000
"""About so many of the last pages count."""
MEMORY_STARTS = 20
"""About so many of the last starts of an OCR process count."""

LEAST_SECONDS, MOST_SECONDS = 0.001, 600.0
"""A page is never taken to be read in less or more than this, whatever was measured."""
MOST_START_SECONDS = 300.0


@dataclass(frozen=True)
class Work:
    """What was read, and how long that took.

    Attributes:
        pages: how many; weighted, where older ones count for less.
        seconds: of one slot, for all of them.
        bytes: size of the media, or parts of media, whose pages they are.
    """

    pages: float = 0.0
    seconds: float = 0.0
    bytes: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(self.pages + other.pages, self.seconds + other.seconds, self.bytes + other.bytes)

    def is_plausible(self) -> bool:
        """Whether it can have been so: a clock that was set back, or a sleeping machine, leaves nonsense."""
        if not all(math.isfinite(one) and one >= 0 for one in (self.pages, self.seconds, self.bytes)):
            return False
        return self.seconds <= max(1.0, self.pages) * MOST_SECONDS


@dataclass(frozen=True)
class Pace:
    """What was measured of one engine on one device.

    Attributes:
        work: by kind of medium.
        starts: what batches took besides their pages, one "page" being one batch.
    """

    device: str
    work: Mapping[Kind, Work] = field(default_factory=dict)
    starts: Work = Work()


def fading(pages: float, memory: float) -> float:
    """Return what is left of the weight of what was measured before, once `pages` more are measured.

    Exponential smoothing by pages instead of by time: in the long run the weights of all pages add up to
    `memory`, and a page that lies `memory` pages back counts e times less than the last one.
    """
    return math.exp(-max(0.0, pages) / memory)


def bounded(seconds_per_page: float) -> float:
    """Return a pace that can be planned with."""
    return min(max(seconds_per_page, LEAST_SECONDS), MOST_SECONDS)

"""Play second opinions through on what was observed: the same choice as in the pipeline, with any numbers."""

from __future__ import annotations

from dataclasses import dataclass

from bench.observations import ObservedLine, ObservedMedium
from textmill.calibration import Calibration
from textmill.second_opinion import Reading, rank


@dataclass(frozen=True)
class RereadLine:
    """A line in the end; `asked` tells whether it was read again."""

    text: str
    confidence: float
    asked: bool


def reread(medium: ObservedMedium, calibration: Calibration, below: float) -> list[RereadLine]:
    """Return the lines of a medium after second opinions on those less certain than `below`."""
    return [_reread(medium.engine, line, calibration, below) for line in medium.lines]


def first_reading(engine: str, line: ObservedLine, calibration: Calibration) -> Reading:
    """Return what the page's engine read, calibrated."""
    return Reading(engine, line.text, calibration.confidence(engine, line.text, line.confidence))


def other_readings(line: ObservedLine, calibration: Calibration) -> list[Reading]:
    """Return what others read, calibrated."""
    return [
        Reading(one.reader, one.text, calibration.confidence(one.reader, one.text, one.confidence))
        for one in line.others or ()
    ]


def _reread(engine: str, line: ObservedLine, calibration: Calibration, below: float) -> RereadLine:
    first = first_reading(engine, line, calibration)
    if line.others is None or first.confidence >= below:
        return RereadLine(first.text, first.confidence, asked=False)
    kept = rank(first, other_readings(line, calibration), calibration)[0]
    return RereadLine(kept.text, kept.confidence, asked=True)

"""Play second opinions through on what was observed: the same choice as in the pipeline, with any numbers."""

from __future__ import annotations

from dataclasses import dataclass

from bench.observations import ObservedLine, ObservedMedium
from textmill.reading.calibration import Calibration
from textmill.reading.line_readers import OTHER_VIEWS, engine_of
from textmill.reading.second_opinion import Reading, heard, rank


@dataclass(frozen=True)
class RereadLine:
    """A line in the end; `asked` tells whether it was read again."""

    text: str
    confidence: float
    asked: bool


def reread(medium: ObservedMedium, second: str, calibration: Calibration, below: float) -> list[RereadLine]:
    """Return the lines of a medium after an engine read those again that are less certain than `below`."""
    return [_reread(medium.engine, second, line, calibration, below) for line in medium.lines]


def first_reading(engine: str, line: ObservedLine, calibration: Calibration) -> Reading:
    """Return what the page's engine read, calibrated."""
    return Reading(engine, line.text, calibration.confidence(engine, line.text, line.confidence))


def other_readings(
    first: Reading, line: ObservedLine, second: str, calibration: Calibration
) -> list[Reading]:
    """Return what the engine that was asked read, in all ways that it would have been asked, calibrated."""
    others = [
        Reading(one.reader, one.text, calibration.confidence(one.reader, one.text, one.confidence))
        for one in line.others or ()
        if engine_of(one.reader) == second
    ]
    return heard(first, others, f"{second}@{OTHER_VIEWS[0].name}")


def _reread(
    engine: str, second: str, line: ObservedLine, calibration: Calibration, below: float
) -> RereadLine:
    first = first_reading(engine, line, calibration)
    if line.others is None or first.confidence >= below:
        return RereadLine(first.text, first.confidence, asked=False)
    others = other_readings(first, line, second, calibration)
    kept = rank(first, others, calibration.choice(engine, second))[0]
    return RereadLine(kept.text, kept.confidence, asked=True)

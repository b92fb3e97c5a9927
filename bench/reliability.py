"""Does a confidence mean what it says: of lines given 0.9, are nine in ten right?

The expected calibration error is the distance between the mean confidence and the share of right lines, bin
by bin, each weighted by its number of lines (Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated
Probabilities Using Bayesian Binning", AAAI 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True)
class JudgedLine:
    """A line that was read: the confidence that it was given, and whether it is right."""

    confidence: float
    right: bool


@dataclass(frozen=True)
class Bin:
    """Lines whose confidence lies from `low` (included) up to `high`; the last bin includes 1."""

    low: float
    high: float
    lines: int
    mean_confidence: float
    share_right: float


def reliability(lines: Sequence[JudgedLine]) -> list[Bin]:
    """Sort lines into bins; empty bins are left out."""
    bins = []
    for low, high in pairwise(EDGES):
        inside = [line for line in lines if low <= line.confidence < high or line.confidence == high == 1.0]
        if inside:
            bins.append(
                Bin(
                    low,
                    high,
                    len(inside),
                    sum(line.confidence for line in inside) / len(inside),
                    sum(line.right for line in inside) / len(inside),
                )
            )
    return bins


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Return the mean distance between confidence and share of right lines, 0 to 1."""
    total = sum(one.lines for one in bins)
    return (
        sum(one.lines * abs(one.mean_confidence - one.share_right) for one in bins) / total if total else 0.0
    )


def reliability_table(bins: Sequence[Bin]) -> list[str]:
    """Markdown: one row a bin, and the expected calibration error below."""
    rows = [
        f"| {one.low:g} to {one.high:g} | {one.lines} | {one.mean_confidence:.3f} | {one.share_right:.3f} |"
        for one in bins
    ]
    return [
        "| confidence | lines | mean given | share right |",
        "|---|---|---|---|",
        *rows,
        "",
        f"Expected calibration error: {expected_calibration_error(bins):.3f}.",
    ]

"""Where the time of a page goes, and what the least possible would be, as plain records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from textmill.engines.networks import Precision


class Part(StrEnum):
    """What a page's time is spent on, in the order in which it is."""

    OPENING = "opening"
    PREPROCESSING = "preprocessing"
    FINDING_SCALING = "finding: scaling"
    FINDING_NETWORK = "finding: network"
    FINDING_OUTLINES = "finding: outlines"
    CUTTING = "cutting out"
    READING_SCALING = "reading: scaling"
    READING_NETWORK = "reading: network"
    READING_ALL_CLASSES = "reading: all characters"
    """Telling all characters apart where the usual ones do not fit."""
    READING_DECODING = "reading: decoding and spacing"
    SECOND_NETWORKS = "second opinions: networks"
    SECOND_REST = "second opinions: the rest"
    """Of pages on which nothing was found, too."""
    REST = "the rest"


NETWORKS = (Part.FINDING_NETWORK, Part.READING_NETWORK, Part.SECOND_NETWORKS)


@dataclass(frozen=True)
class SetProfile:
    """The pages of one set.

    Attributes:
        pages: how many were read in each round.
        looks, lines: how often a page was looked at to find its lines, and how many lines were read.
        seconds: a page, of each part; medians over the rounds.
        operations: a page, of each of `NETWORKS`, by the numbers in which they are computed.
        stock: seconds a page that stock PaddleOCR takes on all cores; None where that was not measured.
    """

    name: str
    description: str
    pages: int
    looks: float
    lines: float
    seconds: Mapping[Part, float]
    operations: Mapping[Part, Mapping[Precision, float]]
    stock: float | None = None

    @property
    def measured(self) -> float:
        """Seconds a page, all parts together."""
        return sum(self.seconds.values())

    @property
    def all_operations(self) -> float:
        """Operations a page, all networks together."""
        return sum(sum(one.values()) for one in self.operations.values())


@dataclass(frozen=True)
class Floor:
    """One run of the measurement.

    Attributes:
        machine: fields of `bench.measurements.Machine`.
        others_busy: percent of the machine that other processes used before the first round.
        networks: what computes the networks, a sentence.
        peaks: operations a second of one core.
        left_out: sentences about sets that could not be read.
    """

    date: str
    machine: Mapping[str, Any]
    others_busy: float
    rounds: int
    versions: Mapping[str, str]
    networks: str
    peaks: Mapping[Precision, float]
    sets: Sequence[SetProfile]
    left_out: Sequence[str] = ()

    def least(self, profile: SetProfile, part: Part) -> float:
        """Return the least seconds a page for a network, in the numbers in which it is computed."""
        operations = profile.operations.get(part, {})
        return sum(count / self.peaks[precision] for precision, count in operations.items())

    def floor(self, profile: SetProfile) -> float:
        """Return the least seconds a page for all networks, in the numbers in which they are computed."""
        return sum(self.least(profile, part) for part in NETWORKS)

    def floor_in(self, profile: SetProfile, precision: Precision) -> float:
        """Return the least seconds a page if all networks were computed in these numbers."""
        return profile.all_operations / self.peaks[precision]

    def times_stock(self, profile: SetProfile, seconds: float) -> float | None:
        """Return how many times stock PaddleOCR's speed so many seconds a page on every core would be."""
        if profile.stock is None:
            return None
        return float(profile.stock / (seconds / self.machine["cores"]))

    def as_json(self) -> dict[str, Any]:
        """Return everything, with what follows from it."""
        fields = asdict(self)
        for one, profile in zip(fields["sets"], self.sets, strict=True):
            one["measured"] = profile.measured
            one["least"] = {part: self.least(profile, part) for part in NETWORKS}
            one["floor"] = self.floor(profile)
            one["floor_in"] = {precision: self.floor_in(profile, precision) for precision in self.peaks}
        return fields

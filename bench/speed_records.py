"""What the comparison with others measures, as plain records. Every contestant reads it: no packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Any


class SetKind(StrEnum):
    """What the pages of a set are."""

    PICTURES = "pictures"
    WRITTEN = "written"
    """Pages of PDFs that carry their text."""
    VIDEO = "video"
    """The pages are frames of one video."""


@dataclass(frozen=True)
class JobPage:
    """A page to read.

    Attributes:
        medium, page_no: the file that it belongs to, and its number there, from 1.
        picture: the page as a PNG or JPEG of its own, for those who read nothing else.
    """

    medium: Path
    page_no: int
    picture: Path


@dataclass(frozen=True)
class Job:
    """Pages that a contestant reads in one go.

    Attributes:
        name: unique among all jobs of a run.
        further: pages for those who take text layers, and are through with `pages` before a clock can tell;
            their text is not asked for. Of a video, its frames that are not in `pages`.
    """

    name: str
    kind: SetKind
    pages: tuple[JobPage, ...]
    further: tuple[JobPage, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "pages": _as_lists(self.pages),
            "further": _as_lists(self.further),
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Job:
        """Build a job from the fields of `as_json`."""
        pages, further = _from_lists(fields["pages"]), _from_lists(fields["further"])
        return cls(fields["name"], SetKind(fields["kind"]), pages, further)


def _as_lists(pages: Sequence[JobPage]) -> list[list[str | int]]:
    return [[str(page.medium), page.page_no, str(page.picture)] for page in pages]


def _from_lists(fields: Sequence[Sequence[Any]]) -> tuple[JobPage, ...]:
    return tuple(JobPage(Path(medium), number, Path(picture)) for medium, number, picture in fields)


@dataclass(frozen=True)
class Answer:
    """What a contestant read.

    Attributes:
        texts: one for each page in the order of the job; of a video, any number that make up its text.
        pages: how many pages the time was spent on: more than the job has where a contestant also read the
            further ones, or copies.
    """

    texts: list[str]
    pages: int


@dataclass(frozen=True)
class Entrant:
    """Who takes part, in words.

    Attributes:
        is_ours: Textmill, at one of its precisions.
        versions: of the packages and programs that read.
    """

    name: str
    description: str
    is_ours: bool
    versions: Mapping[str, str]


@dataclass(frozen=True)
class SetSummary:
    """A set of pages, in words.

    Attributes:
        unit: what a page is here: `page` or `frame`.
        scored, timed: how many pages were read once for their text, and how many in each round.
        further: how many more in each round by those who take text layers or follow a video.
        words: of the ground truth of those that were read for their text.
    """

    name: str
    description: str
    unit: str
    scored: int
    timed: int
    further: int
    words: int


@dataclass(frozen=True)
class Measurement:
    """How one contestant fared on one set.

    Attributes:
        pages: read in each round; those who take text layers or follow a video get through more of them.
        seconds: of each round, in order; rounds of all contestants took turns.
        peak_memory_mb: the most memory that its processes held together, shared pages counted once, in MiB.
        word_f1, character_error_rate: of the pages that were read for their text.
    """

    entrant: str
    page_set: str
    pages: int
    seconds: Sequence[float]
    peak_memory_mb: int
    word_f1: float
    character_error_rate: float

    @property
    def pages_per_second(self) -> float:
        """Of the round that lies in the middle."""
        return self.pages / median(self.seconds)


@dataclass(frozen=True)
class Comparison:
    """One run of the comparison.

    Attributes:
        machine: fields of `bench.measurements.Machine`.
        others_busy: percent of the machine that other processes used before each set.
        left_out: sentences about who could not take part, or not to the end.
    """

    date: str
    machine: Mapping[str, Any]
    rounds: int
    entrants: Sequence[Entrant]
    sets: Sequence[SetSummary]
    measurements: Sequence[Measurement]
    others_busy: Mapping[str, float]
    left_out: Sequence[str]

    def measurement(self, entrant: str, page_set: str) -> Measurement | None:
        """Return how a contestant fared on a set, None where it did not read it."""
        found = (one for one in self.measurements if (one.entrant, one.page_set) == (entrant, page_set))
        return next(found, None)

    def ratio(self, entrant: str, other: str, page_set: str) -> float | None:
        """Return how many times as many pages a second `entrant` reads as `other`.

        The median of the ratios within each round: what slows the machine for a while slows both of one
        round, and their ratio hardly changes.
        """
        own, theirs = self.measurement(entrant, page_set), self.measurement(other, page_set)
        if own is None or theirs is None:
            return None
        rounds = zip(own.seconds, theirs.seconds, strict=True)
        return median((own.pages / mine) / (theirs.pages / their) for mine, their in rounds)

    def ratios(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return all ratios of ours to others: by our name, the other's, and the set's."""
        return {
            ours.name: {
                other.name: {
                    one.name: ratio
                    for one in self.sets
                    if (ratio := self.ratio(ours.name, other.name, one.name)) is not None
                }
                for other in self.entrants
                if not other.is_ours
            }
            for ours in self.entrants
            if ours.is_ours
        }

    def as_json(self) -> dict[str, Any]:
        """Return everything, with the speeds and ratios that follow from it."""
        speeds = [one.pages_per_second for one in self.measurements]
        fields = asdict(self)
        for measured, speed in zip(fields["measurements"], speeds, strict=True):
            measured["pages_per_second"] = speed
        return {"ratios": self.ratios(), **fields}

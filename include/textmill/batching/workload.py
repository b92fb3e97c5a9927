"""All media of a run, in a few bytes each: what they cost and how they are to be read."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable

from textmill.batching.cost import CostModel
from textmill.errors import SourceError
from textmill.records import MediaRef, ReadingProfile, SourceSpec


class Workload:
    """The estimates of a run's media, in the order in which they were discovered.

    A reading profile is what a batch departs in from the wishes of its run: the engine of the medium's
    source, and the languages of the medium or else of its source.

    Args:
        sources: of the run.
        cost_of: returns the cost model of a profile; called once for each.
        max_batches: most batches of the run, of which each profile needs its own.

    Attributes:
        profiles: in the order in which they were met, with their cost models in `costs`.
        seconds, pages, profile: per medium; `profile` is a place in `profiles`.
        divisible: numbers of the media that can be read in parts, ascending.
    """

    def __init__(
        self,
        sources: Iterable[SourceSpec],
        cost_of: Callable[[ReadingProfile], CostModel],
        max_batches: int,
    ) -> None:
        self.profiles: list[ReadingProfile] = []
        self.costs: list[CostModel] = []
        self.seconds = array("d")
        self.pages = array("I")
        self.profile = array("H")
        self.divisible = array("I")
        self._cost_of = cost_of
        self._max_batches = max_batches
        self._sources = {source.name: source for source in sources}
        self._numbers: dict[tuple[str, tuple[str, ...]], int] = {}

    def __len__(self) -> int:
        return len(self.seconds)

    def add_all(self, refs: Iterable[MediaRef]) -> None:
        """Take the media in.

        Raises:
            SourceError: they are to be read in more ways than there can be batches for.
        """
        for ref in refs:
            self.add(ref)

    def add(self, ref: MediaRef) -> None:
        """Take one medium in. Raises as `add_all`."""
        key = (ref.source, ref.languages)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self._number(ref)
        pages, seconds, divisible = self.costs[number].estimate(ref)
        if divisible:
            self.divisible.append(len(self.seconds))
        self.seconds.append(seconds)
        self.pages.append(pages)
        self.profile.append(number)

    def _number(self, ref: MediaRef) -> int:
        profile = ReadingProfile.of(ref, self._sources.get(ref.source))
        if profile not in self.profiles:
            most = max(1, self._max_batches // 3)
            if len(self.profiles) >= most:
                raise SourceError(
                    f"The media of this run are to be read in more than {most} different ways: an engine and "
                    f"languages each, such as {', '.join(profile.languages) or 'the languages of the run'}. "
                    f"Each needs batches of its own, and they may take a third of TEXTMILL_MAX_BATCHES "
                    f"({self._max_batches}). Give languages to sources instead of single media, or raise it."
                )
            self.profiles.append(profile)
            self.costs.append(self._cost_of(profile))
        return self.profiles.index(profile)

"""How much may come out of an archive, counted while it does."""

from __future__ import annotations

from dataclasses import dataclass

from textmill.errors import ArchiveTooLarge, MediumError

_RATIO_COUNTS_FROM = 16 * 1024**2
"""Below this many bytes no ratio is a bomb: an empty page packs a thousandfold."""


class CannotGoOn(Exception):
    """The archive itself cannot be read any further; `error` is what it is refused for."""

    def __init__(self, error: MediumError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class ArchiveLimits:
    """The settings `TEXTMILL_ARCHIVE_MAX_…`, and the name of each in a sentence."""

    depth: int
    entries: int
    ratio: float
    bytes: int


class Budget:
    """Counts the members and bytes of one archive, those of the archives in it included.

    Attributes:
        depth: how many archives this one lies in.
    """

    def __init__(self, name: str, size: int, limits: ArchiveLimits, outer: Budget | None = None) -> None:
        self.limits = limits
        self.depth: int = outer.depth + 1 if outer else 0
        self._name = name
        self._size = size
        self._outer = outer
        self._entries = 0
        self._unpacked = 0

    def enter(self) -> None:
        """Count one member. Raises CannotGoOn when it is one too many."""
        self._entries += 1
        if self._outer is not None:
            self._outer.enter()
        self.check()

    def spend(self, count: int) -> None:
        """Count bytes that came out. Raises CannotGoOn when they are too many."""
        self._unpacked += count
        if self._outer is not None:
            self._outer.spend(count)
        self.check()

    def check(self) -> None:
        """Raise CannotGoOn when a limit was passed, be it by an archive in this one."""
        if self._entries > self.limits.entries:
            raise CannotGoOn(too_many_entries(self._name, self.limits))
        if self._unpacked > self.limits.bytes:
            raise CannotGoOn(
                ArchiveTooLarge(
                    f"{self._name} unpacks to more than {self.limits.bytes:,} bytes "
                    f"(TEXTMILL_ARCHIVE_MAX_BYTES); the rest of it was left out."
                )
            )
        if self._unpacked > max(_RATIO_COUNTS_FROM, self.limits.ratio * self._size):
            raise CannotGoOn(
                ArchiveTooLarge(
                    f"{self._name} unpacks to more than {self.limits.ratio:g} times its {self._size:,} bytes "
                    f"(TEXTMILL_ARCHIVE_MAX_RATIO), as bombs do; the rest of it was left out."
                )
            )


def too_many_entries(name: str, limits: ArchiveLimits) -> ArchiveTooLarge:
    """Return the error for an archive with too many members."""
    return ArchiveTooLarge(
        f"{name} holds more than {limits.entries:,} members (TEXTMILL_ARCHIVE_MAX_ENTRIES); "
        f"the rest of it was left out."
    )

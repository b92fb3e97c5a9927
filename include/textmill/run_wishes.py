"""What a run is asked to look at, besides its sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from textmill.errors import Reason


class Reread(StrEnum):
    """What of the unchanged media is read again all the same.

    `REFUSED` are those that were refused in whole or in part, also for good; `OTHER_ENGINE` those of which a
    page was read with another fingerprint than the one that reading it now would have.
    """

    NOTHING = "nothing"
    REFUSED = "refused"
    OTHER_ENGINE = "other_engine"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class Interval:
    """A span of time in UTC, from `start` to before `end`; both with a time zone."""

    start: datetime
    end: datetime

    def holds(self, modified_ns: int | None) -> bool:
        """Whether a time in nanoseconds since 1970 lies in it; an unknown time lies nowhere."""
        if modified_ns is None:
            return False
        return self.start.timestamp() * 1e9 <= modified_ns < self.end.timestamp() * 1e9


@dataclass(frozen=True)
class QuarantineFilter:
    """Which open entries of the quarantine are tried again; what is None is no condition.

    Attributes:
        reasons: empty for all.
        source: name of a source.
        since, until: when it was refused last, UTC without time zone as the warehouse has it; until is
            exclusive.
        ids: keys of entries (`quarantine_id`); empty for all.
        name: what the last part of the address is like, where * stands for any characters and ? for one.
    """

    reasons: tuple[Reason, ...] = ()
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: tuple[int, ...] = ()
    name: str | None = None


@dataclass(frozen=True)
class RunWishes:
    """What a run looks at.

    Attributes:
        reread: what of the unchanged is read again.
        interval: only media modified in it (a backfill); None for all (the nightly run, whatever it missed).
        quarantined: only what is in quarantine; None for the sources as they are.
        dry_run: find and plan, but read nothing and leave no mark.
    """

    reread: Reread = Reread.NOTHING
    interval: Interval | None = None
    quarantined: QuarantineFilter | None = None
    dry_run: bool = False

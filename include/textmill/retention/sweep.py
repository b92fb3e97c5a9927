"""What all kinds of removal need to know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import Engine

from textmill.retention.periods import Periods
from textmill.run_folders import RunFolders
from textmill.staging import Staging


@dataclass
class Sweep:
    """One look at everything.

    Attributes:
        now: in UTC without a time zone; what is old is old by this.
        dry_run: tell what would go, and touch nothing.
        gone: names of the areas of runs that went, or would.
    """

    warehouse: Engine
    staging: Staging
    periods: Periods
    now: datetime
    dry_run: bool
    gone: set[str] = field(default_factory=set)

    def before(self, days: int) -> datetime | None:
        """Return the moment before which things are old enough; None when they are kept for ever."""
        return self.now - timedelta(days=days) if days else None

    @cached_property
    def runs(self) -> RunFolders:
        """The staging files of all runs."""
        return self.staging.run_folders()

    def areas(self) -> Iterator[str]:
        """Yield the names of the folders of runs that stay, in order."""
        return (name for name in self.runs.names() if name not in self.gone)

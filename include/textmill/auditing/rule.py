"""What rules are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Engine, Executable, text

from textmill.staging import Staging


@dataclass(frozen=True)
class Audited:
    """What is looked at.

    Attributes:
        now: in UTC without a time zone.
        stuck_hours: a run that says it goes on should have moved within this time.
        sample_content: copies of which the bytes are hashed, drawn by lot; None for all.
    """

    warehouse: Engine
    staging: Staging
    now: datetime
    stuck_hours: float
    sample_content: int | None


@dataclass(frozen=True)
class Finding:
    """A disagreement.

    Attributes:
        rule: the name of what does not hold.
        subject: the row or file at which it does not.
        message: what disagrees, in a sentence.
    """

    rule: str
    subject: str
    message: str


class Rule(Protocol):
    """Something that must hold, or several things that are looked at on one way through the files."""

    @property
    def remedies(self) -> Mapping[str, str]:
        """What to do, by the names of what may be found."""
        ...

    def look(self, audited: Audited) -> Iterator[Finding]:
        """Yield what does not hold; streams, since it may be much."""
        ...


@dataclass(frozen=True)
class SqlRule:
    """One statement that selects what does not hold.

    Attributes:
        query: its column `subject` names the row.
        message: a format string for the columns of the query.
        binds: values of the query's parameters.
    """

    name: str
    remedy: str
    query: str | Executable
    message: str
    binds: Mapping[str, Any] = field(default_factory=dict)

    @property
    def remedies(self) -> Mapping[str, str]:
        """What to do."""
        return {self.name: self.remedy}

    def look(self, audited: Audited) -> Iterator[Finding]:
        """Yield a finding for each row of the answer."""
        query = text(self.query) if isinstance(self.query, str) else self.query
        with audited.warehouse.connect() as connection:
            rows = connection.execution_options(stream_results=True, yield_per=1000).execute(
                query, dict(self.binds)
            )
            for row in rows:
                yield Finding(self.name, str(row.subject), self.message.format_map(row._mapping))

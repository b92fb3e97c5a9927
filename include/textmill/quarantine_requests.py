"""What somebody asks to be done with entries of the quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textmill.run_wishes import QuarantineFilter


class Action(StrEnum):
    """What is done with the entries that are chosen."""

    RETRY = "retry"
    RESOLVE = "resolve"
    IGNORE = "ignore"
    REOPEN = "reopen"


@dataclass(frozen=True)
class QuarantineRequest:
    """What somebody asks for.

    Attributes:
        wish: which entries are meant.
        note: what is kept with them about it.
    """

    action: Action
    wish: QuarantineFilter
    note: str | None = None

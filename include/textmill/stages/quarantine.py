"""Look at entries of the quarantine, decide about them, and tell what another try made of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine

from textmill.quarantine_requests import Action, QuarantineRequest
from textmill.warehouse.connection import utc_now
from textmill.warehouse.quarantine_choice import groups
from textmill.warehouse.quarantine_decisions import decide as decide_in_warehouse
from textmill.warehouse.quarantine_decisions import statuses_for
from textmill.warehouse.quarantine_history import Event, Status
from textmill.warehouse.quarantine_outcome import (
    entries_with,
    events_of,
    named_entries,
    untouched_by,
)

_MOST_GROUPS = 50

_DONE = {
    Action.RETRY: "tried again",
    Action.RESOLVE: "resolved",
    Action.IGNORE: "ignored",
    Action.REOPEN: "opened again",
}


@dataclass(frozen=True)
class Choice:
    """The entries that a request means.

    Attributes:
        entries: how many there are.
        groups: by reason and source, the most numerous first; bounded.
        first: some of them, with their sentences.
    """

    action: Action
    entries: int
    groups: list[dict[str, Any]]
    first: list[dict[str, Any]]

    def in_words(self) -> str:
        """Return what a person wants to know before saying yes."""
        if not self.entries:
            return (
                "No entry fits all that was asked for. Look at id, status, reason and source of the entries "
                "in v_quarantine."
            )
        lines = [f"{self.entries} entries fit and would be {_DONE[self.action]}."]
        lines += [f"  {one['entries']} × {one['reason']} from {one['source'] or '?'}" for one in self.groups]
        return "\n".join(lines + _sentences(self.first, self.entries))


@dataclass(frozen=True)
class Outcome:
    """What became of entries in the run that tried them again.

    Attributes:
        closed: read at last, or gone.
        refused_again: for the same reason or another.
        opened: entries that are new, such as pages of a document that could be opened at last.
        untouched: entries that fit, and that the run did not get to: its source does not name them any more,
            another run has them, or it failed.
    """

    run_id: str
    closed: int
    refused_again: int
    opened: int
    untouched: int
    refused_entries: list[dict[str, Any]]
    opened_entries: list[dict[str, Any]]
    closed_entries: list[dict[str, Any]]
    untouched_entries: list[dict[str, Any]]

    def in_words(self) -> str:
        """Return what became of them, with the new sentences."""
        lines = [
            f"Run {self.run_id}: {self.closed} entries closed, {self.refused_again} refused again, "
            f"{self.untouched} not tried; {self.opened} new ones."
        ]
        for title, entries, count in (
            ("Closed, which was", self.closed_entries, self.closed),
            ("Refused again", self.refused_entries, self.refused_again),
            ("New", self.opened_entries, self.opened),
            ("Not tried", self.untouched_entries, self.untouched),
        ):
            if entries:
                lines += [f"{title}:", *_sentences(entries, count)]
        return "\n".join(lines)


def _sentences(entries: list[dict[str, Any]], count: int) -> list[str]:
    lines = [f"  {one['quarantine_id']}  {one['reason']}: {one['message']}" for one in entries]
    return lines + ([f"  … and {count - len(entries)} more"] if count > len(entries) else [])


def look(warehouse: Engine, request: QuarantineRequest) -> Choice:
    """Tell which entries are meant. Touches nothing."""
    statuses = statuses_for(request)
    with warehouse.connect() as connection:
        found = groups(connection, request.wish, statuses)
        return Choice(
            action=request.action,
            entries=sum(group.entries for group in found),
            groups=[asdict(group) for group in found[:_MOST_GROUPS]],
            first=named_entries(connection, request.wish, statuses),
        )


def decide(warehouse: Engine, request: QuarantineRequest) -> int:
    """Resolve, ignore or reopen what is meant, or open it for another try; returns how many were changed."""
    return decide_in_warehouse(warehouse, request, utc_now())


def outcome(warehouse: Engine, request: QuarantineRequest, *, run_id: str) -> Outcome:
    """Tell what became of the entries that the run tried again."""
    with warehouse.connect() as connection:
        events = events_of(connection, run_id)
        untouched = untouched_by(run_id)
        still = groups(connection, request.wish, (Status.OPEN,), untouched)
        return Outcome(
            run_id=run_id,
            closed=events.get(Event.RESOLVED, 0) + events.get(Event.GONE, 0),
            refused_again=events.get(Event.REFUSED_AGAIN, 0) + events.get(Event.REOPENED, 0),
            opened=events.get(Event.OPENED, 0),
            untouched=sum(group.entries for group in still),
            refused_entries=entries_with(connection, run_id, (Event.REFUSED_AGAIN, Event.REOPENED)),
            opened_entries=entries_with(connection, run_id, (Event.OPENED,)),
            closed_entries=entries_with(connection, run_id, (Event.RESOLVED, Event.GONE)),
            untouched_entries=named_entries(connection, request.wish, (Status.OPEN,), untouched),
        )

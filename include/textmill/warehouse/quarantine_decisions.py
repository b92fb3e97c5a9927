"""What people decide about entries of the quarantine: any number of them, a bounded number at a time.

Runs leave alone what is ignored: a medium, or a location, of which all that is in quarantine is ignored is
next tried never (`NEVER`), whatever its refusals say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, Connection, Engine, or_, select, update

from textmill.quarantine_requests import Action, QuarantineRequest
from textmill.records import Stage
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.quarantine_choice import chosen_keys
from textmill.warehouse.quarantine_history import Change, Event, Status, change_these
from textmill.warehouse.quarantining import NEVER
from textmill.warehouse.tables import media, media_location, quarantine

_EVENTS = {
    Action.RETRY: Event.REOPENED,
    Action.RESOLVE: Event.RESOLVED,
    Action.IGNORE: Event.IGNORED,
    Action.REOPEN: Event.REOPENED,
}


def statuses_for(request: QuarantineRequest) -> tuple[Status, ...]:
    """Return how entries stand with which something can be done.

    What is closed is touched only where somebody names the entries themselves; but what is ignored can be
    opened again by any filter.
    """
    named = bool(request.wish.ids)
    match request.action:
        case Action.RETRY | Action.RESOLVE:
            return (Status.OPEN, Status.IGNORED) if named else (Status.OPEN,)
        case Action.IGNORE:
            return (Status.OPEN,)
        case Action.REOPEN:
            return (Status.IGNORED, Status.RESOLVED) if named else (Status.IGNORED,)


def decide(engine: Engine, request: QuarantineRequest, now: datetime) -> int:
    """Resolve, ignore or reopen the entries that fit; returns how many were changed.

    To retry entries, those of them that are ignored have to be open: that is what it does then. A transaction
    for each couple of thousand: done again, it goes on where it stopped.
    """
    among = statuses_for(request)
    if request.action is Action.RETRY:
        among = tuple(status for status in among if status is not Status.OPEN)
        if not among:
            return 0
    change = Change(_EVENTS[request.action], now, note=request.note)
    changed = 0
    for keys in chosen_keys(engine, request.wish, among):
        changed += in_transaction(engine, partial(_decide, change, keys, among))
    return changed


def _decide(change: Change, keys: Sequence[int], among: Sequence[Status], connection: Connection) -> int:
    changed = change_these(connection, change, keys, among=among, values={"next_try_at": None})
    if changed:
        _align_tries(connection, changed)
    return len(changed)


def _align_tries(connection: Connection, keys: Sequence[int]) -> None:
    """Have runs leave alone, or take again, what some entries are about."""
    rows = connection.execute(
        select(quarantine.c.sha256, quarantine.c.uri_hash, quarantine.c.stage).where(
            quarantine.c.id.in_(keys)
        )
    ).all()
    contents = sorted({row.sha256 for row in rows if row.sha256})
    hashes = sorted({row.uri_hash for row in rows if row.stage == Stage.FETCH})
    of_medium = quarantine.c.sha256 == media.c.sha256
    of_location = (quarantine.c.uri_hash == media_location.c.uri_hash) & (quarantine.c.stage == Stage.FETCH)
    for table, mine, is_refused, about in (
        (media, media.c.sha256.in_(contents), media.c.status.in_(("partial", "quarantined")), of_medium),
        (
            media_location,
            media_location.c.uri_hash.in_(hashes),
            or_(media_location.c.refused, media_location.c.failures > 0),
            of_location,
        ),
    ):
        is_open, is_ignored = _any(about, Status.OPEN), _any(about, Status.IGNORED)
        connection.execute(
            update(table).where(mine, is_refused, is_ignored, ~is_open).values(next_try_at=NEVER)
        )
        connection.execute(
            update(table)
            .where(mine, table.c.next_try_at == NEVER, or_(is_open, ~is_ignored))
            .values(next_try_at=None)
        )


def _any(about: ColumnElement[bool], status: Status) -> ColumnElement[bool]:
    return select(quarantine.c.id).where(about, quarantine.c.status == status).exists()

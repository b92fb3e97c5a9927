"""Entries of the quarantine that were closed long ago."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select, update

from textmill.records import Stage
from textmill.warehouse.quarantine_closing import content_lies_somewhere
from textmill.warehouse.tables import media, media_location, quarantine

_REFUSED = ("partial", "quarantined")


@dataclass(frozen=True)
class Closed:
    """Which entries may go.

    Attributes:
        before: they were closed before this moment.
        ignored: those, too, that are ignored and whose file is gone.
    """

    before: datetime
    ignored: bool = False

    def condition(self) -> ColumnElement[bool]:
        """Say in SQL that an entry may go.

        One that was resolved by hand stays while its medium lacks what was refused, or no run opens what lies
        at its address: it says why.
        """
        medium = select(media.c.id).where(media.c.sha256 == quarantine.c.sha256, media.c.status.in_(_REFUSED))
        unopened = select(media_location.c.id).where(
            quarantine.c.stage == Stage.FETCH,
            media_location.c.uri_hash == quarantine.c.uri_hash,
            media_location.c.refused,
            media_location.c.deleted_at.is_(None),
        )
        states = [
            quarantine.c.status == "gone",
            and_(quarantine.c.status == "resolved", ~medium.exists(), ~unopened.exists()),
        ]
        if self.ignored:
            states.append(and_(quarantine.c.status == "ignored", ~_lies_somewhere()))
        closed_at = func.coalesce(quarantine.c.closed_at, quarantine.c.last_seen)
        return and_(or_(*states), closed_at < self.before)


def _lies_somewhere() -> ColumnElement[bool]:
    """Say in SQL that there is something at an entry's address, or its content at any other."""
    here = select(media_location.c.id).where(
        media_location.c.uri_hash == quarantine.c.uri_hash, media_location.c.deleted_at.is_(None)
    )
    return or_(here.exists(), content_lies_somewhere())


def closed_entries(connection: Connection, closed: Closed, *, after: int, most: int) -> list[int]:
    """Return the keys of entries that may go, beyond the key `after`, in order."""
    rows = connection.execute(
        select(quarantine.c.id)
        .where(quarantine.c.id > after, closed.condition())
        .order_by(quarantine.c.id)
        .limit(most)
    )
    return list(rows.scalars())


def remove_entries(connection: Connection, closed: Closed, keys: Sequence[int]) -> list[int]:
    """Remove entries that may still go, with their history; returns which these were.

    Should the file of one that was gone turn up again, nobody would know that it was refused: it is then
    read again, as if it were new.
    """
    entries = connection.execute(
        select(quarantine.c.id, quarantine.c.sha256, quarantine.c.uri_hash, quarantine.c.stage)
        .where(quarantine.c.id.in_(keys), closed.condition())
        .order_by(quarantine.c.id)
        .with_for_update()
    ).all()
    _expect_again(connection, entries)
    going = [one.id for one in entries]
    connection.execute(delete(quarantine).where(quarantine.c.id.in_(going)))
    return going


def _expect_again(connection: Connection, entries: Sequence[Row[*tuple[Any, ...]]]) -> None:
    contents = [one.sha256 for one in entries if one.sha256 is not None and one.stage != Stage.FETCH]
    lies_somewhere = (
        select(media_location.c.id)
        .where(media_location.c.media_id == media.c.id, media_location.c.deleted_at.is_(None))
        .exists()
    )
    connection.execute(
        update(media)
        .where(media.c.sha256.in_(contents), media.c.status.in_(_REFUSED), ~lies_somewhere)
        .values(needs_retry=True, next_try_at=None)
    )
    connection.execute(
        update(media_location)
        .where(
            media_location.c.uri_hash.in_([one.uri_hash for one in entries]),
            media_location.c.deleted_at.is_not(None),
            media_location.c.refused,
        )
        .values(refused=False)
    )

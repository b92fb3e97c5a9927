"""What a complete listing of a source did not name any more is gone; its text stays.

Members of archives are not listed. They are there while the content of their archive lies anywhere.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, or_, select, update

from textmill.warehouse.connection import in_transaction
from textmill.warehouse.known import CHUNK, begins_with
from textmill.warehouse.locations import DELETED, REAPPEARED
from textmill.warehouse.main_locations import choose_between_locations, lock_media_at
from textmill.warehouse.quarantine_closing import close_gone, reopen_locations
from textmill.warehouse.seen_locations import SeenLocations
from textmill.warehouse.tables import media, media_location

_AT_ONCE = 10_000


@dataclass(frozen=True)
class Listed:
    """A source that was listed to its end.

    Attributes:
        prefix: with what its URIs begin; None where only its name tells them.
        name: of the source.
        seen: all locations that the sources of the run named.
        gone: those that are marked; they count once, however many sources would have named them.
        is_gone: whether a URI that it did not name is one that it would have named.
        before: when it was listed to its end before.
        moment: when this run began.
        ingest_run_id: its key.
    """

    prefix: str | None
    name: str
    seen: SeenLocations
    gone: SeenLocations
    is_gone: Callable[[str], bool]
    before: datetime | None
    moment: datetime
    ingest_run_id: int | None = None

    @property
    def locations(self) -> ColumnElement[bool]:
        """Say in SQL that a location is the source's."""
        if self.prefix is not None:
            condition: ColumnElement[bool] = begins_with(self.prefix)
            return condition
        exactly = media_location.c.source.collate("utf8mb4_bin") == self.name
        return and_(media_location.c.source == self.name, exactly)


def delete_unseen(engine: Engine, listed: Listed, *, write: bool = True) -> int:
    """Mark what is gone; returns how much that is, also when an earlier attempt of the run marked it.

    What was noted since the run began stays: another run found it meanwhile.

    Args:
        write: without it, nothing is marked, and what would be is counted.
    """
    with engine.connect() as connection:
        unseen = array("q", _unseen(connection, listed))
    count = 0
    for start in range(0, len(unseen), CHUNK):
        chunk = unseen[start : start + CHUNK].tolist()
        if write:
            in_transaction(engine, partial(_delete, listed, chunk))
        else:
            with engine.connect() as connection:
                count += _count_once(listed, _gone(connection, listed, chunk))
    with engine.connect() as connection:
        return count + _count_once(listed, _marked(connection, listed))


def _marked(connection: Connection, listed: Listed) -> Iterable[int]:
    return connection.execute(
        select(media_location.c.id).where(
            listed.locations,
            media_location.c.archive_id.is_(None),
            media_location.c.change == DELETED,
            media_location.c.changed_at == listed.moment,
        )
    ).scalars()


def _count_once(listed: Listed, keys: Iterable[int]) -> int:
    count = 0
    for key in keys:
        count += key not in listed.gone
        listed.gone.add(key)
    return count


def _unseen(connection: Connection, listed: Listed) -> Iterator[int]:
    rows = connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(
        select(media_location.c.id).where(
            listed.locations, media_location.c.archive_id.is_(None), *_may_go(listed.moment)
        )
    )
    return (key for key in rows.scalars() if key not in listed.seen)


def _may_go(moment: datetime) -> Sequence[ColumnElement[bool]]:
    return (media_location.c.deleted_at.is_(None), media_location.c.last_seen < moment)


def _gone(connection: Connection, listed: Listed, chunk: Sequence[int]) -> list[int]:
    rows = connection.execute(
        select(media_location.c.id, media_location.c.uri).where(media_location.c.id.in_(chunk))
    )
    return [row.id for row in rows if listed.is_gone(row.uri)]


def _delete(listed: Listed, chunk: Sequence[int], connection: Connection) -> None:
    gone = _gone(connection, listed, chunk)
    if not gone:
        return
    lock_media_at(connection, gone)
    values = _deleted(listed.moment)
    if listed.before is not None:
        # That it was there then is implied by that listing, until now.
        values["last_seen"] = func.greatest(media_location.c.last_seen, min(listed.before, listed.moment))
    connection.execute(
        update(media_location).where(media_location.c.id.in_(gone), *_may_go(listed.moment)).values(**values)
    )
    choose_between_locations(connection, gone)
    close_gone(connection, gone, listed.moment, ingest_run_id=listed.ingest_run_id)


def _deleted(moment: datetime) -> dict[str, Any]:
    return {"deleted_at": moment, "change": DELETED, "changed_at": moment}


def members_of(uri: str, sha256: str) -> ColumnElement[bool]:
    """Say in SQL that a location lies in the archive `sha256`, or below its address `uri`."""
    content = select(media.c.id).where(media.c.sha256 == sha256).scalar_subquery()
    return or_(begins_with(f"{uri}!"), media_location.c.archive_id == content)


def align_members(
    engine: Engine, where: ColumnElement[bool], moment: datetime, *, ingest_run_id: int | None = None
) -> None:
    """Have members of archives be there if, and only if, the content of their archive lies somewhere.

    Those of an archive that was moved stay at the address at which it was opened. Repeated until nothing
    changes, since what went may be an archive itself; a bounded number of rows at a time.

    Args:
        where: says which locations are looked at.
        ingest_run_id: the run that looks.
    """
    went = came = True
    while went or came:
        went = _follow(engine, where, moment, ingest_run_id, gone=True)
        came = _follow(engine, where, moment, ingest_run_id, gone=False)


def _follow(
    engine: Engine, where: ColumnElement[bool], moment: datetime, ingest_run_id: int | None, *, gone: bool
) -> bool:
    """Mark members as deleted (`gone`) or as there again; returns whether there were any."""
    archive = media_location.alias("archive")
    lies_somewhere = (
        select(archive.c.id)
        .where(
            archive.c.media_id == media_location.c.archive_id,
            archive.c.deleted_at.is_(None),
            # An archive can be made that holds itself.
            or_(archive.c.archive_id.is_(None), archive.c.archive_id != media_location.c.archive_id),
        )
        .exists()
    )
    if gone:
        state: Sequence[ColumnElement[bool]] = (*_may_go(moment), ~lies_somewhere)
    else:
        state = (media_location.c.deleted_at.is_not(None), lies_somewhere)
    with engine.connect() as connection:
        rows = connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(
            select(media_location.c.id).where(where, media_location.c.archive_id.is_not(None), *state)
        )
        members = array("q", rows.scalars())
    keys = iter(members)
    while chunk := list(islice(keys, CHUNK)):
        in_transaction(engine, partial(_bury if gone else _revive, chunk, moment, ingest_run_id))
    return bool(members)


def _bury(chunk: Sequence[int], moment: datetime, ingest_run_id: int | None, connection: Connection) -> None:
    lock_media_at(connection, chunk)
    connection.execute(
        update(media_location)
        .where(media_location.c.id.in_(chunk), *_may_go(moment))
        .values(**_deleted(moment))
    )
    choose_between_locations(connection, chunk)
    close_gone(connection, chunk, moment, ingest_run_id=ingest_run_id)


def _revive(
    chunk: Sequence[int], moment: datetime, ingest_run_id: int | None, connection: Connection
) -> None:
    lock_media_at(connection, chunk)
    connection.execute(
        update(media_location)
        .where(media_location.c.id.in_(chunk), media_location.c.deleted_at.is_not(None))
        .values(deleted_at=None, change=REAPPEARED, changed_at=moment, last_seen=moment)
    )
    choose_between_locations(connection, chunk)
    reopen_locations(connection, chunk, moment, ingest_run_id=ingest_run_id)

"""What is in quarantine is closed when it was read at last or is gone, and opens again when it is back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from textmill.records import Rejection, Stage
from textmill.warehouse.addresses import entry_key, uri_hash
from textmill.warehouse.quarantine_history import Change, Event, Status, change_entries
from textmill.warehouse.tables import media, media_location, quarantine

_NOT_SETTLED = (Status.OPEN, Status.GONE, Status.IGNORED)
"""What was read at last closes also what somebody chose to ignore."""


def close_gone(
    connection: Connection, location_ids: Sequence[int], now: datetime, *, ingest_run_id: int | None = None
) -> None:
    """Close the entries of locations that are deleted: what is gone cannot be tried again.

    Entries of a medium stay open while it lies somewhere else. Both keep their message. What is ignored
    stays ignored.
    """
    hashes, contents = _lying_at(connection, location_ids)
    lies_nowhere = ~content_lies_somewhere()
    at_address = or_(quarantine.c.sha256.is_(None), quarantine.c.stage == Stage.FETCH, lies_nowhere)
    for condition in (
        and_(quarantine.c.uri_hash.in_(hashes), at_address),
        and_(quarantine.c.sha256.in_(contents), quarantine.c.stage != Stage.FETCH, lies_nowhere),
    ):
        change_entries(
            connection,
            Change(Event.GONE, now, ingest_run_id),
            condition,
            among=(Status.OPEN,),
            values={"last_seen": now},
        )


def reopen_locations(
    connection: Connection, location_ids: Sequence[int], now: datetime, *, ingest_run_id: int | None = None
) -> None:
    """Open the entries of locations again that were closed because these were gone."""
    hashes, contents = _lying_at(connection, location_ids)
    for condition in (
        quarantine.c.uri_hash.in_(hashes),
        and_(quarantine.c.sha256.in_(contents), quarantine.c.stage != Stage.FETCH),
    ):
        change_entries(
            connection, Change(Event.REOPENED, now, ingest_run_id), condition, among=(Status.GONE,)
        )


def _lying_at(connection: Connection, location_ids: Sequence[int]) -> tuple[list[str], list[str]]:
    """Return the keys of the addresses and of the contents of locations."""
    rows = connection.execute(
        select(media_location.c.uri_hash, media.c.sha256)
        .outerjoin(media, media.c.id == media_location.c.media_id)
        .where(media_location.c.id.in_(location_ids))
    ).all()
    return [row.uri_hash for row in rows], [row.sha256 for row in rows if row.sha256 is not None]


def content_lies_somewhere() -> ColumnElement[bool]:
    """Say in SQL that the content of an entry still lies at some address."""
    return (
        select(media_location.c.id)
        .join(media, media.c.id == media_location.c.media_id)
        .where(media.c.sha256 == quarantine.c.sha256, media_location.c.deleted_at.is_(None))
        .exists()
    )


def reopen_medium(
    connection: Connection, media_id: int, uri: str, now: datetime, *, ingest_run_id: int | None = None
) -> None:
    """Open the entries of a medium again, at the address where it turned up."""
    content = select(media.c.sha256).where(media.c.id == media_id).scalar_subquery()
    here = uri_hash(uri)
    change_entries(
        connection,
        Change(Event.REOPENED, now, ingest_run_id),
        quarantine.c.sha256 == content,
        or_(quarantine.c.stage != Stage.FETCH, quarantine.c.uri_hash == here),
        among=(Status.GONE,),
        values={"uri": uri, "uri_hash": here},
    )


def resolve_lines(connection: Connection, manifest: str, *, ingest_run_id: int, now: datetime) -> None:
    """Close the entries of lines of a manifest that this run, which read it to its end, did not refuse."""
    lines = f"{manifest}#"
    _resolve(
        connection,
        quarantine.c.stage == Stage.DISCOVER,
        func.left(quarantine.c.uri, len(lines)) == lines,
        quarantine.c.ingest_run_id != ingest_run_id,
        among=(Status.OPEN, Status.IGNORED),
        ingest_run_id=ingest_run_id,
        now=now,
    )


def resolve_address(
    connection: Connection, *, uri: str, sha256: str, now: datetime, ingest_run_id: int | None = None
) -> None:
    """Close what was refused at an address where the known content `sha256` lies now.

    That is what was refused there unopened, and content that lies nowhere any more. What the known content
    itself was refused for stays: an archive that breaks off is known and refused.
    """
    is_other = and_(
        quarantine.c.sha256 != sha256, or_(quarantine.c.stage == Stage.FETCH, ~content_lies_somewhere())
    )
    _resolve(
        connection,
        quarantine.c.uri_hash == uri_hash(uri),
        or_(quarantine.c.sha256.is_(None), is_other),
        ingest_run_id=ingest_run_id,
        now=now,
    )


def resolve_failures(
    connection: Connection, *, uri: str, now: datetime, ingest_run_id: int | None = None
) -> None:
    """Close what failed at an address in a way that might pass, now that what was settled there still is."""
    _resolve(
        connection,
        quarantine.c.uri_hash == uri_hash(uri),
        quarantine.c.stage == Stage.FETCH,
        quarantine.c.sha256.is_(None),
        quarantine.c.permanent.is_(False),
        ingest_run_id=ingest_run_id,
        now=now,
    )


def resolve(
    connection: Connection,
    *,
    uri: str,
    sha256: str,
    kept: Sequence[Rejection],
    now: datetime,
    ingest_run_id: int | None = None,
) -> None:
    """Close the entries that no longer hold, now that the medium `sha256` was found at `uri`.

    These are what the medium itself was refused for, and what lay at its address before: refused unopened,
    or with bytes that lie nowhere any more.

    Args:
        kept: what was refused just now.
    """
    keys = [entry_key(one.uri, one.sha256, one.page_no, one.stage) for one in kept]
    at_address = and_(quarantine.c.uri_hash == uri_hash(uri), ~content_lies_somewhere())
    _resolve(
        connection,
        or_(quarantine.c.sha256 == sha256, at_address),
        quarantine.c.entry_key.notin_(keys),
        ingest_run_id=ingest_run_id,
        now=now,
    )


def _resolve(
    connection: Connection,
    *conditions: ColumnElement[bool],
    now: datetime,
    ingest_run_id: int | None,
    among: Sequence[Status] = _NOT_SETTLED,
) -> None:
    change_entries(
        connection,
        Change(Event.RESOLVED, now, ingest_run_id),
        *conditions,
        among=among,
        values={"last_seen": now, "next_try_at": None},
    )


def has_entries(address: ColumnElement[Any], sha256: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say in SQL that `resolve` may find something to close for a medium that was found at an address.

    Args:
        address: its hash.
    """
    return (
        select(quarantine.c.id)
        .where(
            quarantine.c.status.in_(_NOT_SETTLED),
            or_(quarantine.c.sha256 == sha256, quarantine.c.uri_hash == address),
        )
        .exists()
    )

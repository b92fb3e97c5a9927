"""What lies at which address, and what became of it: new, changed, moved, copied, reappeared, deleted.

A medium in an archive has a location of its own, which names the archive: an archive is through when all that
lies in it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, literal, or_, select, update
from sqlalchemy.dialects.mysql import insert

from textmill.records import Kind, MediaRef
from textmill.warehouse.addresses import name_hash, uri_hash
from textmill.warehouse.main_locations import choose_main_locations
from textmill.warehouse.quarantine_closing import reopen_medium
from textmill.warehouse.quarantining import NEVER
from textmill.warehouse.tables import SETTLED, media, media_location
from textmill.web_addresses import is_web

NEW, CHANGED, MOVED, COPIED = "new", "changed", "moved", "copied"
REAPPEARED, DELETED = "reappeared", "deleted"


@dataclass(frozen=True)
class OpenMembers:
    """Archives with a member, however deep, that is not through.

    Attributes:
        due: such a member may be tried now.
        waiting: it failed lately, and all of its kind in this archive wait.
    """

    due: frozenset[int]
    waiting: frozenset[int]


def unfinished_archives(
    connection: Connection, archive_ids: Collection[int], *, refused: bool = False
) -> set[int]:
    """Return those archives of which a member, however deep, is not through or is to be tried again.

    Args:
        refused: whether members that were refused for good count, too.
    """
    found = open_members(connection, archive_ids, None, refused=refused)
    return {*found.due, *found.waiting}


def open_members(
    connection: Connection, archive_ids: Collection[int], now: datetime | None, *, refused: bool = False
) -> OpenMembers:
    """Return which archives have to be opened for something that lies in them.

    Asked of the members each time it matters, instead of noted: a member may be read by another batch, or at
    another place, long after its archive was closed. What somebody chose to ignore is through.

    Args:
        now: tells what waits; without it, nothing does.
        refused: whether members that were refused for good count, too.
    """
    if not archive_ids:
        return OpenMembers(frozenset(), frozenset())
    location = media_location.alias("within")
    columns = (location.c.media_id, location.c.refused, location.c.failures, location.c.next_try_at)
    inside = (
        select(location.c.archive_id.label("archive_id"), *columns)
        .where(location.c.archive_id.in_(archive_ids))
        .cte("inside", recursive=True)
    )
    # UNION, not UNION ALL: an archive can be made that holds itself.
    inside = inside.union(
        select(inside.c.archive_id, *columns).join_from(
            inside, location, location.c.archive_id == inside.c.media_id
        )
    )
    is_open = [
        and_(inside.c.media_id.is_(None), inside.c.refused.is_(False)),
        inside.c.failures > 0,
        media.c.status.not_in(SETTLED),
        media.c.needs_retry,
    ]
    if refused:
        is_open += [inside.c.refused.is_(True), media.c.status.in_(("partial", "quarantined"))]
    rows = connection.execute(
        select(inside.c.archive_id, func.min(waits(inside.c, now)).label("waits"))
        .outerjoin(media, media.c.id == inside.c.media_id)
        .where(or_(*is_open), is_ignored(inside.c) == 0)
        .group_by(inside.c.archive_id)
    ).all()
    return OpenMembers(
        due=frozenset(row.archive_id for row in rows if not row.waits),
        waiting=frozenset(row.archive_id for row in rows if row.waits),
    )


def waits(location: Any, now: datetime | None) -> ColumnElement[Any]:
    """Say in SQL whether what failed at a location, or its medium, is not to be tried before `now`.

    Args:
        location: columns of `media_location`, joined with `media`.
    """
    if now is None:
        return literal(0)
    return func.coalesce(
        or_(location.next_try_at > now, and_(media.c.needs_retry, media.c.next_try_at > now)), 0
    )


def is_ignored(location: Any) -> ColumnElement[Any]:
    """Say in SQL whether all that is in quarantine of a location, or of its medium, is ignored.

    Args:
        location: columns of `media_location`, joined with `media`.
    """
    return func.coalesce(or_(location.next_try_at == NEVER, media.c.next_try_at == NEVER), 0)


def media_key(connection: Connection, sha256: str) -> int:
    """Return the primary key of a medium."""
    key: int = connection.execute(select(media.c.id).where(media.c.sha256 == sha256)).scalar_one()
    return key


def note_location(
    connection: Connection,
    ref: MediaRef,
    *,
    media_id: int | None,
    refused: bool,
    now: datetime,
    archive_id: int | None = None,
    etag: str | None = None,
    last_modified: str | None = None,
    tags: Sequence[str] | None = None,
    failures: int = 0,
    next_try_at: datetime | None = None,
    ingest_run_id: int | None = None,
) -> None:
    """Record what lies at an address now.

    `refused` bytes without a medium are not looked at again. Without either, getting at the content failed in
    a way that may pass: what is known of the address stays.

    Args:
        archive_id: the archive in which the address lies.
        etag, last_modified: of a URL's answer; those of an object are in its reference.
        tags: of the source and the manifest; None leaves them as they are.
        failures: how many runs failed here in a row.
        next_try_at: before this, what failed here waits.
        ingest_run_id: the run that looked.
    """
    _expect_archive_again(connection, ref, media_id, refused)
    before = connection.execute(
        select(media_location).where(media_location.c.uri_hash == uri_hash(ref.uri)).with_for_update()
    ).one_or_none()
    failed = media_id is None and not refused
    values: dict[str, Any] = {
        "archive_id": archive_id,
        "source": ref.source,
        "source_hash": name_hash(ref.source),
        "bytes": ref.bytes,
        "modified_ns": ref.modified_ns,
        "failures": max(1, failures) if failed else 0,
        "next_try_at": next_try_at if media_id is None else None,
        "deleted_at": None,
        "last_seen": now,
    }
    if not is_web(ref.uri):  # of a URL, only its server's answer tells
        values["etag"] = ref.etag if etag is None else etag
    elif not failed:
        values |= {"etag": etag, "last_modified": last_modified}
    if before is None or not failed:
        values |= {"media_id": media_id, "refused": refused}
    if tags is not None:
        values["tags"] = list(tags)
    values |= _change(connection, before, ref, media_id, failed, now)
    if before is None:
        new = {"uri_hash": uri_hash(ref.uri), "uri": ref.uri, "first_seen": now} | values
        entry = insert(media_location).values(**new)
        # LAST_INSERT_ID(id) makes the key of a row that came meanwhile the statement's own.
        key = func.last_insert_id(media_location.c.id)
        location_id = connection.execute(entry.on_duplicate_key_update(id=key, **values)).lastrowid
        choose_main_locations(connection, location_id)
    else:
        connection.execute(update(media_location).where(media_location.c.id == before.id).values(**values))
        if before.deleted_at is not None or values.get("media_id", before.media_id) != before.media_id:
            choose_main_locations(connection, before.id, left=[before.media_id])
    if values.get("change") in (MOVED, COPIED, REAPPEARED) and media_id is not None:
        reopen_medium(connection, media_id, ref.uri, now, ingest_run_id=ingest_run_id)


def note_seen(connection: Connection, uris: Sequence[str], now: datetime) -> None:
    """Record that what lies at addresses is still what was settled there."""
    connection.execute(
        update(media_location)
        .where(media_location.c.uri_hash.in_([uri_hash(uri) for uri in uris]))
        .values(last_seen=now, failures=0, next_try_at=None)
    )


def _change(
    connection: Connection,
    before: Row[*tuple[Any, ...]] | None,
    ref: MediaRef,
    media_id: int | None,
    failed: bool,
    now: datetime,
) -> dict[str, Any]:
    """Return the columns that tell what happened to an address; none when nothing did."""
    if before is None:
        return {"changed_at": now} | _origin(connection, media_id, None)
    if before.deleted_at is not None:
        return {"change": REAPPEARED, "changed_at": now, "moved_from": None}
    if failed or _is_back(before):
        return {}
    if before.media_id is None and before.change == NEW and not before.refused:
        # Nothing could be said about it before.
        origin = _origin(connection, media_id, before.id)
        return {} if origin["change"] == NEW else {"changed_at": now} | origin
    if before.media_id is not None:
        is_other = before.media_id != media_id
    else:
        is_other = (before.bytes, before.modified_ns) != (ref.bytes, ref.modified_ns)
    return {"change": CHANGED, "changed_at": now, "moved_from": None} if is_other else {}


def _is_back(before: Row[*tuple[Any, ...]]) -> bool:
    """Whether discovery noted that the address is there again, and nothing was noted since."""
    return bool(before.change == REAPPEARED and before.changed_at == before.last_seen)


def _origin(connection: Connection, media_id: int | None, location_id: int | None) -> dict[str, Any]:
    """Return how content came to a new address: from nowhere, from one that is gone, or one beside it."""
    if media_id is None:
        return {"change": NEW, "moved_from": None}
    other = connection.execute(
        select(media_location.c.id, media_location.c.deleted_at)
        .where(media_location.c.media_id == media_id, media_location.c.id != (location_id or 0))
        .order_by(media_location.c.deleted_at.is_(None).desc(), media_location.c.deleted_at.desc())
        .limit(1)
    ).one_or_none()
    if other is None:
        return {"change": NEW, "moved_from": None}
    if other.deleted_at is None:
        return {"change": COPIED, "moved_from": None}
    return {"change": MOVED, "moved_from": other.id}


def _expect_archive_again(connection: Connection, ref: MediaRef, media_id: int | None, refused: bool) -> None:
    """Have an archive opened again, should it turn up again, when something else takes its address.

    The addresses of its members may be taken too, and what is to be tried again in it be forgotten.
    """
    if media_id is None and not refused:
        return
    replaced = connection.execute(
        select(media.c.id)
        .join(media_location, media_location.c.media_id == media.c.id)
        .where(media_location.c.uri_hash == uri_hash(ref.uri), media.c.kind == Kind.ARCHIVE)
    ).scalar_one_or_none()
    if replaced not in (None, media_id):
        connection.execute(
            update(media).where(media.c.id == replaced).values(needs_retry=True, next_try_at=None)
        )

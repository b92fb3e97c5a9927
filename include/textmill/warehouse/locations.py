"""Which media lie where, and which of them did not change since they were last seen.

A medium in an archive has a location of its own, which names the archive: an archive is through when all that
lies in it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update
from sqlalchemy.dialects.mysql import insert

from textmill.records import Kind, MediaRef
from textmill.warehouse.addresses import uri_hash
from textmill.warehouse.tables import SETTLED, media, media_location


def find_unchanged(connection: Connection, refs: Sequence[MediaRef], now: datetime) -> set[str]:
    """Return the URIs that need no look: same size and time as when their content was last settled.

    Refusals that may not happen again (a crashed engine, a file that could not be opened) are looked at anew,
    and so is an archive with a member that is to be. The others are marked as seen.
    """
    by_hash = {uri_hash(ref.uri): ref for ref in refs}
    rows = connection.execute(
        select(
            media_location.c.uri_hash,
            media_location.c.media_id,
            media_location.c.bytes,
            media_location.c.modified_ns,
            media_location.c.refused,
            media.c.status,
            media.c.needs_retry,
            media.c.kind,
        )
        .outerjoin(media, media.c.id == media_location.c.media_id)
        .where(media_location.c.uri_hash.in_(by_hash))
    )
    settled = [row for row in rows if _is_unchanged(row, by_hash[row.uri_hash])]
    unfinished = unfinished_archives(
        connection, {row.media_id for row in settled if row.kind == Kind.ARCHIVE}
    )
    same = [row.uri_hash for row in settled if row.media_id not in unfinished]
    if same:
        connection.execute(
            update(media_location).where(media_location.c.uri_hash.in_(same)).values(last_seen=now)
        )
    return {by_hash[key].uri for key in same}


def _is_unchanged(row: Any, ref: MediaRef) -> bool:
    if (row.bytes, row.modified_ns) != (ref.bytes, ref.modified_ns):
        return False
    return bool(row.refused) or (row.status in SETTLED and not row.needs_retry)


def unfinished_archives(connection: Connection, archive_ids: Collection[int]) -> set[int]:
    """Return those archives of which a member, however deep, is not through or is to be tried again.

    Asked of the members each time it matters, instead of noted: a member may be read by another batch, or at
    another place, long after its archive was closed.
    """
    if not archive_ids:
        return set()
    location = media_location.alias("within")
    columns = (location.c.media_id, location.c.refused)
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
    rows = connection.execute(
        select(inside.c.archive_id)
        .distinct()
        .outerjoin(media, media.c.id == inside.c.media_id)
        .where(
            or_(
                and_(inside.c.media_id.is_(None), inside.c.refused.is_(False)),
                media.c.status.not_in(SETTLED),
                media.c.needs_retry,
            )
        )
    )
    return set(rows.scalars())


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
) -> None:
    """Record what lies at an address now. `refused` bytes without a medium are not looked at again.

    Args:
        archive_id: the archive in which the address lies.
        etag, last_modified: of a URL's answer.
        tags: of the source and the manifest; None leaves them as they are.
    """
    _expect_archive_again(connection, ref, media_id)
    told = {} if tags is None else {"tags": list(tags)}
    entry = insert(media_location).values(
        **told,
        uri_hash=uri_hash(ref.uri),
        uri=ref.uri,
        media_id=media_id,
        archive_id=archive_id,
        source=ref.source,
        bytes=ref.bytes,
        modified_ns=ref.modified_ns,
        refused=refused,
        etag=etag,
        last_modified=last_modified,
        change="new",
        changed_at=now,
        first_seen=now,
        last_seen=now,
    )
    connection.execute(
        entry.on_duplicate_key_update(
            media_id=entry.inserted.media_id,
            archive_id=entry.inserted.archive_id,
            source=entry.inserted.source,
            bytes=entry.inserted.bytes,
            modified_ns=entry.inserted.modified_ns,
            refused=entry.inserted.refused,
            etag=entry.inserted.etag,
            last_modified=entry.inserted.last_modified,
            last_seen=entry.inserted.last_seen,
            **told,
        )
    )


def note_seen(connection: Connection, uris: Sequence[str], now: datetime) -> None:
    """Record that what lies at addresses is still what was settled there."""
    connection.execute(
        update(media_location)
        .where(media_location.c.uri_hash.in_([uri_hash(uri) for uri in uris]))
        .values(last_seen=now, failures=0, next_try_at=None, deleted_at=None)
    )


def _expect_archive_again(connection: Connection, ref: MediaRef, media_id: int | None) -> None:
    """Have an archive opened again, should it turn up again, when something else takes its address.

    The addresses of its members may be taken too, and what is to be tried again in it be forgotten.
    """
    replaced = connection.execute(
        select(media.c.id)
        .join(media_location, media_location.c.media_id == media.c.id)
        .where(media_location.c.uri_hash == uri_hash(ref.uri), media.c.kind == Kind.ARCHIVE)
    ).scalar_one_or_none()
    if replaced not in (None, media_id):
        connection.execute(update(media).where(media.c.id == replaced).values(needs_retry=True))

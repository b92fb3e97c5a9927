"""Which media lie where, and which of them did not change since they were last seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.mysql import insert

from textmill.records import MediaRef
from textmill.warehouse.addresses import uri_hash
from textmill.warehouse.tables import media, media_location

SETTLED = ("loaded", "partial", "quarantined")
"""States of a medium that has been through the whole pipeline."""


def find_unchanged(connection: Connection, refs: Sequence[MediaRef], now: datetime) -> set[str]:
    """Return the URIs that need no look: same size and time as when their content was last settled.

    Refusals that may not happen again (a crashed engine, a file that could not be opened) are looked at anew.
    The others are marked as seen.
    """
    by_hash = {uri_hash(ref.uri): ref for ref in refs}
    rows = connection.execute(
        select(
            media_location.c.uri_hash,
            media_location.c.bytes,
            media_location.c.modified_ns,
            media_location.c.refused,
            media.c.status,
            media.c.needs_retry,
        )
        .outerjoin(media, media.c.id == media_location.c.media_id)
        .where(media_location.c.uri_hash.in_(by_hash))
    )
    same = [row.uri_hash for row in rows if _is_unchanged(row, by_hash[row.uri_hash])]
    if same:
        connection.execute(
            update(media_location).where(media_location.c.uri_hash.in_(same)).values(last_seen=now)
        )
    return {by_hash[key].uri for key in same}


def _is_unchanged(row: Any, ref: MediaRef) -> bool:
    if (row.bytes, row.modified_ns) != (ref.bytes, ref.modified_ns):
        return False
    return bool(row.refused) or (row.status in SETTLED and not row.needs_retry)


def note_location(
    connection: Connection, ref: MediaRef, *, media_id: int | None, refused: bool, now: datetime
) -> None:
    """Record what lies at an address now. `refused` bytes without a medium are not looked at again."""
    entry = insert(media_location).values(
        uri_hash=uri_hash(ref.uri),
        uri=ref.uri,
        media_id=media_id,
        source=ref.source,
        bytes=ref.bytes,
        modified_ns=ref.modified_ns,
        refused=refused,
        first_seen=now,
        last_seen=now,
    )
    connection.execute(
        entry.on_duplicate_key_update(
            media_id=entry.inserted.media_id,
            source=entry.inserted.source,
            bytes=entry.inserted.bytes,
            modified_ns=entry.inserted.modified_ns,
            refused=entry.inserted.refused,
            last_seen=entry.inserted.last_seen,
        )
    )

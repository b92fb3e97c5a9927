"""Which media were read otherwise than they would be read now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, select

from textmill.fingerprints import fingerprint
from textmill.records import Kind, ReaderFingerprints
from textmill.warehouse.addresses import uri_hash
from textmill.warehouse.tables import media, media_location, page


def media_read_otherwise(
    connection: Connection, media_ids: Collection[int], now: ReaderFingerprints
) -> set[int]:
    """Return those media of which a page has another fingerprint than it would get now.

    A medium without pages is not among them: nobody knows who looked at it.
    """
    if not media_ids:
        return set()
    rows = connection.execute(
        select(
            page.c.media_id, media.c.kind, page.c.text_source, page.c.engine, page.c.model, page.c.fingerprint
        )
        .distinct()
        .join(media, media.c.id == page.c.media_id)
        .where(page.c.media_id.in_(media_ids))
    )
    return {row.media_id for row in rows if row.fingerprint != _fingerprint_now(row, now)}


def addresses_read_otherwise(
    connection: Connection, uris: Collection[str], now: ReaderFingerprints
) -> set[str]:
    """Return those addresses at which such a medium lies, or an archive with such a medium in it."""
    by_hash = {uri_hash(uri): uri for uri in uris}
    rows = connection.execute(
        select(media_location.c.uri_hash, media_location.c.media_id, media.c.kind)
        .join(media, media.c.id == media_location.c.media_id)
        .where(media_location.c.uri_hash.in_(by_hash))
    ).all()
    within = media_within(connection, {row.media_id for row in rows if row.kind == Kind.ARCHIVE})
    all_media = {row.media_id for row in rows}.union(*within.values())
    otherwise = media_read_otherwise(connection, all_media, now)
    return {
        by_hash[row.uri_hash]
        for row in rows
        if not otherwise.isdisjoint({row.media_id, *within.get(row.media_id, ())})
    }


def media_within(connection: Connection, archive_ids: Collection[int]) -> dict[int, set[int]]:
    """Return the media that lie in each of these archives, however deep."""
    location = media_location.alias("within")
    inside = (
        select(location.c.archive_id.label("archive_id"), location.c.media_id)
        .where(location.c.archive_id.in_(archive_ids), location.c.media_id.is_not(None))
        .cte("inside", recursive=True)
    )
    # UNION, not UNION ALL: an archive can be made that holds itself.
    inside = inside.union(
        select(inside.c.archive_id, location.c.media_id)
        .join_from(inside, location, location.c.archive_id == inside.c.media_id)
        .where(location.c.media_id.is_not(None))
    )
    members: dict[int, set[int]] = {}
    if archive_ids:
        for row in connection.execute(select(inside.c.archive_id, inside.c.media_id)):
            members.setdefault(row.archive_id, set()).add(row.media_id)
    return members


def _fingerprint_now(row: Row[*tuple[Any, ...]], now: ReaderFingerprints) -> str:
    match row.text_source:
        case "text_layer":
            return now.text_layer
        case "text_file":
            encoding = row.model.rpartition(" (")[0]
            model = f"{encoding} ({now.text_libraries.get(row.engine)})"
            return fingerprint(reader=row.engine, model=model, **now.text_rules)
        case _:
            return now.video if row.kind == Kind.VIDEO else now.picture

"""What lies in quarantine, as references to try again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, or_, select

from textmill.records import MediaRef, Stage
from textmill.run_wishes import QuarantineFilter
from textmill.warehouse.known import CHUNK
from textmill.warehouse.quarantine_choice import fitting
from textmill.warehouse.quarantine_history import Status
from textmill.warehouse.seen_locations import SeenLocations
from textmill.warehouse.tables import media, media_location, quarantine

_MOST_DEPTH = 100
"""Archives in archives that are climbed out of; the settings allow a few."""


def locations_to_retry(engine: Engine, wish: QuarantineFilter) -> Iterator[MediaRef]:
    """Stream the locations of open entries, each once; of a member of an archive, the outermost archive.

    What is deleted is left out, unless the same content lies somewhere else. Size and time are those of the
    last look: it is fetched whatever they are now.
    """
    seen = SeenLocations()
    after = 0
    while True:
        with engine.connect() as connection:
            entries = connection.execute(_entries(wish, after)).all()
            if not entries:
                return
            after = entries[-1].id
            lying = _at_home(connection, [one.uri_hash for one in entries])
            # A medium is tried at one of its addresses: where it was refused, if it lies there still.
            at_home = [one for one in entries if _is_at_home(one, lying.get(one.uri_hash))]
            missing = {one.sha256 for one in entries if one.sha256} - {one.sha256 for one in at_home}
            rows = [*(lying[one.uri_hash] for one in at_home), *_elsewhere(connection, missing)]
            outermost = _climb(connection, rows)
        for row in sorted(outermost, key=lambda one: one.id):
            if row.id not in seen and _is_of(row, wish):
                seen.add(row.id)
                yield MediaRef(
                    uri=row.uri,
                    source=row.source,
                    bytes=row.bytes,
                    modified_ns=row.modified_ns,
                    pages=row.page_count,
                )


def _entries(wish: QuarantineFilter, after: int) -> Any:
    return (
        select(quarantine.c.id, quarantine.c.uri_hash, quarantine.c.sha256, quarantine.c.stage)
        .where(
            quarantine.c.id > after,
            quarantine.c.status == Status.OPEN,
            quarantine.c.stage != Stage.DISCOVER,
            *fitting(wish),
        )
        .order_by(quarantine.c.id)
        .limit(CHUNK)
    )


def _is_at_home(entry: Any, row: Any) -> bool:
    """Whether what was refused lies where it was refused; `row` is what lies there now, or None."""
    if row is None:
        return False
    # Bytes that were refused unopened are no medium of their address.
    is_unopened = entry.stage == Stage.FETCH and row.sha256 is None
    return is_unopened or entry.sha256 in (None, row.sha256)


def _is_of(row: Any, wish: QuarantineFilter) -> bool:
    return wish.source is None or row.source == wish.source


def _locations() -> Any:
    location = media_location.c
    return (
        select(
            location.id,
            location.uri_hash,
            location.uri,
            location.source,
            location.bytes,
            location.modified_ns,
            location.media_id,
            location.archive_id,
            media.c.sha256,
            media.c.page_count,
        )
        .outerjoin(media, media.c.id == location.media_id)
        .where(location.deleted_at.is_(None))
    )


def _at_home(connection: Connection, hashes: Sequence[str]) -> dict[str, Any]:
    rows = connection.execute(_locations().where(media_location.c.uri_hash.in_(hashes)))
    return {row.uri_hash: row for row in rows}


def _elsewhere(connection: Connection, contents: set[str]) -> list[Any]:
    if not contents:
        return []
    rows = connection.execute(
        _locations().where(media.c.sha256.in_(contents)).order_by(media_location.c.id.desc())
    )
    return list({row.media_id: row for row in rows}.values())


def _climb(connection: Connection, rows: Sequence[Any]) -> list[Any]:
    """Return the outermost archives of those rows that lie in one, and the others as they are."""
    outside = [row for row in rows if row.archive_id is None]
    inside = {row.archive_id for row in rows if row.archive_id is not None}
    for _ in range(_MOST_DEPTH):
        if not inside:
            break
        around = connection.execute(
            _locations()
            .where(media_location.c.media_id.in_(inside))
            # An archive can be made that holds itself.
            .where(or_(media_location.c.archive_id.is_(None), media_location.c.archive_id.not_in(inside)))
            .order_by(media_location.c.id.desc())
        ).all()
        # One address of an archive is enough; one that lies in no other is best.
        best = {row.media_id: row for row in sorted(around, key=lambda row: row.archive_id is None)}
        outside += [row for row in best.values() if row.archive_id is None]
        inside = {row.archive_id for row in best.values() if row.archive_id is not None}
    return outside

"""By which address the views call a medium: `media.location_id`, kept by whoever changes locations.

Of the locations of a medium it is one that is not deleted, else the one that was deleted last; of several,
the one that was known first. Kept instead of asked for, so that a search by address, and by any column of a
page, can start from an index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, and_, func, select, union, update

from textmill.warehouse.tables import media, media_location

_seen = media_location.alias("seen")
_MAIN_LOCATION = (
    select(_seen.c.id)
    .where(_seen.c.media_id == media.c.id)
    .order_by(_seen.c.deleted_at.is_not(None), _seen.c.deleted_at.desc(), _seen.c.id)
    .limit(1)
    .scalar_subquery()
)


def lock_media_at(connection: Connection, location_ids: Collection[int]) -> None:
    """Lock the media that lie at some locations, before these are deleted or come back.

    Whoever takes a medium in locks its row, and then its location's: in the other order, the two would wait
    for each other.
    """
    lying = select(media_location.c.media_id).where(
        media_location.c.id.in_(location_ids), media_location.c.media_id.is_not(None)
    )
    keys = sorted(set(connection.execute(lying).scalars()))
    if keys:
        locked = select(func.count()).select_from(media).where(media.c.id.in_(keys))
        connection.execute(locked.with_for_update()).scalar_one()


def choose_between_locations(connection: Connection, location_ids: Collection[int]) -> None:
    """Choose anew by which address media are called, after some of their locations were deleted or came back.

    Call it in the same transaction, after `lock_media_at` and the change. A medium that lies at one location
    keeps its address whatever becomes of it, so that of most nothing is written.
    """
    elsewhere = media_location.alias("elsewhere")
    lie_elsewhere = (
        select(media_location.c.media_id)
        .join(
            elsewhere,
            and_(elsewhere.c.media_id == media_location.c.media_id, elsewhere.c.id != media_location.c.id),
        )
        .where(media_location.c.id.in_(location_ids))
        .distinct()
    )
    _choose(connection, connection.execute(lie_elsewhere).scalars())


def choose_main_locations(
    connection: Connection, location_id: int, *, left: Iterable[int | None] = ()
) -> None:
    """Choose anew by which address media are called, after something else was noted of a location.

    These are the medium that lies there now, and those that are called by it. Call it in the same
    transaction, after the change. Of two that change locations of one medium at the same time, one waits here
    for the other and sees what it did.

    Args:
        left: media that lay there before.
    """
    lies_there = select(media_location.c.media_id).where(
        media_location.c.id == location_id, media_location.c.media_id.is_not(None)
    )
    are_called_so = select(media.c.id).where(media.c.location_id == location_id)
    keys = {key for key in left if key is not None}
    _choose(connection, keys.union(connection.execute(union(lies_there, are_called_so)).scalars()))


def _choose(connection: Connection, media_ids: Iterable[int]) -> None:
    if keys := sorted(media_ids):
        connection.execute(update(media).where(media.c.id.in_(keys)).values(location_id=_MAIN_LOCATION))

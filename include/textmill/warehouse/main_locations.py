"""By which address the views call a medium: `media.location_id`, kept by whoever changes locations.

Of the locations of a medium it is one that is not deleted, else the one that was deleted last; of several,
the one that was known first. Kept instead of asked for, so that a search by address, and by any column of a
page, can start from an index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, select, union, update

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
    """Lock the media that lie at some locations, before these are changed.

    Whoever takes a medium in locks its row, and then its location's: in the other order, the two would wait
    for each other.
    """
    keys = connection.execute(
        select(media_location.c.media_id).where(
            media_location.c.id.in_(location_ids), media_location.c.media_id.is_not(None)
        )
    ).scalars()
    wanted = sorted(set(keys))
    if wanted:
        locked = select(media.c.id).where(media.c.id.in_(wanted)).order_by(media.c.id)
        connection.execute(locked.with_for_update()).all()


def choose_main_locations(
    connection: Connection, location_ids: Collection[int], *, left: Iterable[int | None] = ()
) -> None:
    """Choose anew by which address media are called, after some locations were changed.

    These are the media that lie there now, and those that are called by one of them. Call it in the same
    transaction, after the locations. Of two that change locations of one medium at the same time, one waits
    here for the other and sees what it did.

    Args:
        left: media that lay at one of the locations before.
    """
    lie_there = select(media_location.c.media_id).where(
        media_location.c.id.in_(location_ids), media_location.c.media_id.is_not(None)
    )
    are_called_so = select(media.c.id).where(media.c.location_id.in_(location_ids))
    keys = {key for key in left if key is not None}
    keys.update(connection.execute(union(lie_there, are_called_so)).scalars())
    if keys:
        connection.execute(
            update(media).where(media.c.id.in_(sorted(keys))).values(location_id=_MAIN_LOCATION)
        )

"""The address by which views call a medium is at any time the one that its locations say."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, text, update
from warehouse_records import NOW, content, ref

from textmill.records import Kind
from textmill.run_wishes import Reread
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.deletions import Listed, align_members, delete_unseen
from textmill.warehouse.known import Answer, Question, mark
from textmill.warehouse.locations import note_location
from textmill.warehouse.main_locations import choose_between_locations, lock_media_at
from textmill.warehouse.seen_locations import SeenLocations
from textmill.warehouse.tables import media, media_location

LETTERS = "abcdef"
NAMES = ["1.png", "2.png", "3.png", "4.png", "box.zip", "box.zip!x.png", "box.zip!y.png", "crate.zip!x.png"]

_OTHERWISE_CALLED = """
    SELECT m.id, m.location_id, (
        SELECT seen.id FROM media_location AS seen WHERE seen.media_id = m.id
        ORDER BY seen.deleted_at IS NOT NULL, seen.deleted_at DESC, seen.id LIMIT 1
    ) AS expected
    FROM media AS m HAVING NOT (location_id <=> expected)
"""


def otherwise_called(warehouse: Engine) -> list[Any]:
    """Media that are not called as their locations say."""
    with warehouse.connect() as connection:
        return list(connection.execute(text(_OTHERWISE_CALLED)).all())


def media_id(connection: Connection, letter: str, now: datetime) -> int:
    kind = Kind.ARCHIVE if letter in "ef" else Kind.IMAGE
    known = content(letter).model_copy(update={"kind": kind})
    return claim(connection, known, Claimant("run-1", 0, Reread.NOTHING, 12), now).media_id


class Shuffle:
    """Does what runs do to locations, in a random order."""

    def __init__(self, warehouse: Engine, seed: int) -> None:
        self.warehouse = warehouse
        self.chance = random.Random(seed)
        self.now = NOW

    def step(self) -> None:
        self.now += timedelta(hours=1)
        self.chance.choice([self.note, self.note, self.refuse, self.delete, self.reappear, self.align])()

    def note(self) -> None:
        """Something lies at an address: new, changed, moved, copied or the same."""

        def work(connection: Connection) -> None:
            within = self.chance.choice("ef")
            name = self.chance.choice(NAMES)
            archive_id = media_id(connection, within, self.now) if "!" in name else None
            key = media_id(connection, self.chance.choice(LETTERS), self.now)
            note_location(
                connection, ref(name), media_id=key, archive_id=archive_id, refused=False, now=self.now
            )

        in_transaction(self.warehouse, work)

    def refuse(self) -> None:
        """What lies at an address is refused unopened, or cannot be had."""
        one, refused = ref(self.chance.choice(NAMES)), self.chance.random() < 0.5

        def work(connection: Connection) -> None:
            note_location(connection, one, media_id=None, refused=refused, now=self.now)

        in_transaction(self.warehouse, work)

    def delete(self) -> None:
        """A complete listing of the source names a few locations only."""
        seen = SeenLocations()
        for key in self.some():
            seen.add(key)
        listed = Listed(
            prefix="file:///in/",
            name="file:///in",
            seen=seen,
            gone=SeenLocations(),
            is_gone=lambda uri: True,
            before=None,
            moment=self.now,
        )
        delete_unseen(self.warehouse, listed)

    def reappear(self) -> None:
        """A listing names locations that were deleted."""
        question = Question(reread=Reread.NOTHING, now=self.now, moment=self.now, source="file:///in")
        back = list(self.some())
        if back:
            in_transaction(self.warehouse, lambda connection: mark(connection, Answer(back=back), question))

    def align(self) -> None:
        """Members of archives follow them."""
        align_members(self.warehouse, media_location.c.id > 0, self.now)

    def some(self) -> Iterable[int]:
        with self.warehouse.connect() as connection:
            keys = connection.execute(select(media_location.c.id)).scalars().all()
        return [key for key in keys if self.chance.random() < 0.5]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_to_locations_media_are_called_as_these_say(warehouse: Engine, seed: int) -> None:
    shuffle = Shuffle(warehouse, seed)
    for _ in range(60):
        shuffle.step()
        assert otherwise_called(warehouse) == []
    with warehouse.connect() as connection:  # so that something was tested
        called = connection.execute(select(media.c.location_id)).scalars().all()
    assert len(set(called)) > 1


def test_a_medium_that_lies_nowhere_has_no_address(warehouse: Engine) -> None:
    def work(letter: str, connection: Connection) -> None:
        key = media_id(connection, letter, NOW)
        note_location(connection, ref(), media_id=key, refused=False, now=NOW)

    for letter in "ab":
        in_transaction(warehouse, partial(work, letter))
    with warehouse.connect() as connection:
        called = connection.execute(select(media.c.sha256, media.c.location_id)).all()
    assert {row.sha256[0]: row.location_id is None for row in called} == {"a": True, "b": False}


def test_two_that_change_locations_of_one_medium_at_once_see_each_other(warehouse: Engine) -> None:
    """Both delete one of its two addresses, and neither sees the other's deletion before it ends."""

    def note(name: str, connection: Connection) -> None:
        note_location(connection, ref(name), media_id=media_id(connection, "a", NOW), refused=False, now=NOW)

    for name in ("1.png", "2.png"):
        in_transaction(warehouse, partial(note, name))
    with warehouse.connect() as connection:
        first, second = connection.execute(
            select(media_location.c.id).order_by(media_location.c.id)
        ).scalars()

    def delete(connection: Connection, location_id: int, day: int) -> None:
        lock_media_at(connection, [location_id])  # of the two, one waits here for the other
        connection.execute(
            update(media_location)
            .where(media_location.c.id == location_id)
            .values(deleted_at=NOW + timedelta(days=day))
        )

    def other() -> None:
        with warehouse.begin() as connection:
            delete(connection, second, 1)
            choose_between_locations(connection, [second])

    thread = threading.Thread(target=other)
    with warehouse.begin() as connection:
        delete(connection, first, 2)
        choose_between_locations(connection, [first])
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(10)
    assert otherwise_called(warehouse) == []
    with warehouse.connect() as connection:
        assert connection.execute(select(media.c.location_id)).scalar_one() == first

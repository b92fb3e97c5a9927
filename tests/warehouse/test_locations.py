"""What became of each address, and which references need no look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text, update
from warehouse_records import NOW, content, ref

from textmill.records import Kind, MediaRef
from textmill.run_wishes import Reread
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.known import Answer, Question, look_up, mark
from textmill.warehouse.locations import note_location
from textmill.warehouse.seen_locations import SeenLocations
from textmill.warehouse.tables import media, media_location, source

URL = "https://example.org/a.pdf"


def day(number: int) -> datetime:
    return NOW + timedelta(days=number)


def note(warehouse: Engine, letter: str | None, one: MediaRef | None = None, **wishes: Any) -> None:
    """Note content (`a`, `b` …) at an address, on a day; without content, it was refused or failed."""
    now = day(wishes.pop("on", 0))
    with warehouse.begin() as connection:
        media_id = None
        if letter is not None:
            claimant = Claimant("run-1", 0, Reread.NOTHING, 12)
            media_id = claim(connection, content(letter), claimant, now).media_id
            connection.execute(update(media).values(status="loaded"))
        wishes = {"refused": False, "now": now, "media_id": media_id} | wishes
        note_location(connection, one or ref(), **wishes)


def set_location(warehouse: Engine, name: str, **values: Any) -> None:
    with warehouse.begin() as connection:
        connection.execute(
            update(media_location).where(media_location.c.uri == ref(name).uri).values(**values)
        )


def delete(warehouse: Engine, name: str, on: int) -> None:
    set_location(warehouse, name, deleted_at=day(on), change="deleted", changed_at=day(on))


def change(warehouse: Engine, name: str = "a.png") -> tuple[str, datetime]:
    with warehouse.connect() as connection:
        row = connection.execute(
            select(media_location.c.change, media_location.c.changed_at).where(
                media_location.c.uri == ref(name).uri
            )
        ).one()
    return row.change, row.changed_at


class TestChanges:
    @pytest.fixture(autouse=True)
    def first(self, warehouse: Engine) -> None:
        note(warehouse, "a")

    def test_a_new_address_with_new_content_is_new(self, warehouse: Engine) -> None:
        assert change(warehouse) == ("new", NOW)

    def test_the_same_content_again_keeps_what_happened_and_when(self, warehouse: Engine) -> None:
        note(warehouse, "a", ref(modified_ns=99), on=1)
        assert change(warehouse) == ("new", NOW)

    def test_other_content_is_a_change(self, warehouse: Engine) -> None:
        note(warehouse, "b", ref(modified_ns=99), on=1)
        assert change(warehouse) == ("changed", day(1))
        note(warehouse, "b", ref(modified_ns=100), on=2)
        assert change(warehouse) == ("changed", day(1))

    def test_known_content_beside_its_address_is_a_copy(self, warehouse: Engine) -> None:
        note(warehouse, "a", ref("b.png"), on=1)
        assert change(warehouse, "b.png") == ("copied", day(1))
        assert change(warehouse) == ("new", NOW)

    def test_content_whose_addresses_are_all_gone_has_moved_from_the_latest(self, warehouse: Engine) -> None:
        note(warehouse, "a", ref("b.png"), on=1)
        delete(warehouse, "a.png", on=2)
        delete(warehouse, "b.png", on=3)
        note(warehouse, "a", ref("c.png"), on=3)
        assert change(warehouse, "c.png") == ("moved", day(3))
        with warehouse.connect() as connection:
            moved = connection.execute(
                text("SELECT moved_from FROM v_location WHERE uri LIKE '%/c.png'")
            ).scalar_one()
        assert moved == ref("b.png").uri

    def test_a_file_that_is_back_has_reappeared_whatever_its_content(self, warehouse: Engine) -> None:
        for on, letter in ((2, "a"), (4, "b")):
            delete(warehouse, "a.png", on=on - 1)
            note(warehouse, letter, on=on)
            assert change(warehouse) == ("reappeared", day(on))

    def test_a_failure_that_may_pass_forgets_nothing(self, warehouse: Engine) -> None:
        note(warehouse, None, ref(modified_ns=99), on=1, failures=3, next_try_at=day(4))
        (row,) = rows(warehouse, "SELECT * FROM v_location")
        assert (row.sha256, row.change, row.failures, row.next_try) == ("a" * 64, "new", 3, day(4))
        note(warehouse, "a", ref(modified_ns=99), on=4)
        (row,) = rows(warehouse, "SELECT * FROM v_location")
        assert (row.change, row.failures, row.next_try) == ("new", 0, None)

    def test_bytes_refused_for_good_are_other_content(self, warehouse: Engine) -> None:
        note(warehouse, None, ref(modified_ns=99), on=1, refused=True)
        assert change(warehouse) == ("changed", day(1))
        assert rows(warehouse, "SELECT uri FROM v_document") == [(None,)]


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


def ask(
    warehouse: Engine, one: MediaRef, *, reread: Reread = Reread.NOTHING, on: int = 1
) -> tuple[Answer, Question]:
    question = Question(reread, now=day(on), moment=day(on), source="file:///in")
    with warehouse.connect() as connection:
        return look_up(connection, [one, ref("unknown.png")], SeenLocations(), question), question


def is_unchanged(warehouse: Engine, one: MediaRef | None = None, **wishes: Any) -> bool:
    answer, _ = ask(warehouse, one or ref(), **wishes)
    assert answer.to_read[-1].uri == ref("unknown.png").uri
    return len(answer.to_read) == 1


class TestUnchanged:
    def test_same_size_and_time_of_a_settled_medium(self, warehouse: Engine) -> None:
        note(warehouse, "a")
        assert is_unchanged(warehouse)
        assert not is_unchanged(warehouse, ref(bytes=6))
        assert not is_unchanged(warehouse, ref(modified_ns=8))

    def test_an_object_goes_by_its_etag_too(self, warehouse: Engine) -> None:
        one = ref(uri="s3://scans/a.png", etag="one")
        note(warehouse, "a", one)
        assert is_unchanged(warehouse, one)
        assert not is_unchanged(warehouse, one.model_copy(update={"etag": "two"}))

    def test_a_medium_that_was_never_settled_is_looked_at(self, warehouse: Engine) -> None:
        note(warehouse, "a")
        with warehouse.begin() as connection:
            connection.execute(update(media).values(status="claimed"))
        assert not is_unchanged(warehouse)

    def test_bytes_that_were_refused_for_good(self, warehouse: Engine) -> None:
        note(warehouse, None, refused=True)
        assert is_unchanged(warehouse)
        assert not is_unchanged(warehouse, ref(bytes=6))
        assert not is_unchanged(warehouse, reread=Reread.REFUSED)

    def test_nothing_is_written(self, warehouse: Engine) -> None:
        note(warehouse, "a")
        before = rows(warehouse, "SELECT * FROM media_location")
        assert is_unchanged(warehouse)
        assert rows(warehouse, "SELECT * FROM media_location") == before

    def test_what_a_complete_listing_saw_is_seen(self, warehouse: Engine) -> None:
        note(warehouse, "a")
        with warehouse.begin() as connection:
            connection.execute(
                insert(source).values(
                    name_hash=text("SHA2('file:///in', 256)"),
                    name="file:///in",
                    kind="folder",
                    location="file:///in",
                    listed_at=day(5),
                    media_listed=1,
                )
            )
        assert rows(warehouse, "SELECT last_seen FROM v_location") == [(day(5),)]
        delete(warehouse, "a.png", on=4)
        assert rows(warehouse, "SELECT last_seen FROM v_location") == [(NOW,)]

    @pytest.mark.parametrize("reread", [Reread.EVERYTHING, Reread.OTHER_ENGINE])
    def test_everything_is_looked_at_with_what_is_known_of_it(
        self, warehouse: Engine, reread: Reread
    ) -> None:
        note(warehouse, "a")
        with warehouse.begin() as connection:
            connection.execute(update(media).values(page_count=7))
        answer, _ = ask(warehouse, ref(), reread=reread)
        assert answer.to_read[0].pages == 7

    @pytest.mark.parametrize(("status", "looked_at"), [("partial", True), ("loaded", False)])
    def test_what_was_refused_in_part_is_looked_at_on_request(
        self, warehouse: Engine, status: str, looked_at: bool
    ) -> None:
        note(warehouse, "a")
        with warehouse.begin() as connection:
            connection.execute(update(media).values(status=status))
        assert is_unchanged(warehouse)
        assert is_unchanged(warehouse, reread=Reread.REFUSED) is not looked_at

    def test_a_deleted_file_that_is_there_again_is_not_opened(self, warehouse: Engine) -> None:
        note(warehouse, "a")
        delete(warehouse, "a.png", on=1)
        answer, question = ask(warehouse, ref(), on=2)
        assert (answer.unchanged, answer.reappeared) == (1, 1)
        with warehouse.begin() as connection:
            mark(connection, answer, question)
        assert change(warehouse) == ("reappeared", day(2))
        again, _ = ask(warehouse, ref(), on=2)  # the run was killed before it noted how many there were
        assert (again.unchanged, again.reappeared, again.back) == (1, 1, [])
        later, _ = ask(warehouse, ref(), on=3)
        assert (later.unchanged, later.reappeared) == (1, 0)


class TestUrls:
    def test_only_its_server_knows_and_is_told_what_is_known(self, warehouse: Engine) -> None:
        url = MediaRef(uri=URL, source="list")
        note(warehouse, "a", url, etag='"1"', last_modified="Tue")
        found = ask(warehouse, url)[0].to_read[0]
        assert (found.etag, found.last_modified) == ('"1"', "Tue")

    @pytest.mark.parametrize("values", [{"needs_retry": True}, {"status": "claimed"}])
    def test_what_is_not_settled_is_asked_for_without_conditions(
        self, warehouse: Engine, values: dict[str, Any]
    ) -> None:
        url = MediaRef(uri=URL, source="list")
        note(warehouse, "a", url, etag='"1"')
        with warehouse.begin() as connection:
            connection.execute(update(media).values(**values))
        assert ask(warehouse, url)[0].to_read[0].etag is None

    def test_what_is_to_be_read_again_is_asked_for_without_conditions(self, warehouse: Engine) -> None:
        url = MediaRef(uri=URL, source="list")
        note(warehouse, "a", url, etag='"1"')
        assert ask(warehouse, url, reread=Reread.EVERYTHING)[0].to_read[0].etag is None

    def test_a_known_checksum_spares_the_question(self, warehouse: Engine) -> None:
        note(warehouse, "a", MediaRef(uri=URL, source="list"), etag='"1"')
        assert is_unchanged(warehouse, MediaRef(uri=URL, source="list", sha256="a" * 64))
        other = MediaRef(uri=URL, source="list", sha256="b" * 64)
        assert ask(warehouse, other)[0].to_read[0].etag is None

    def test_an_answer_without_an_etag_forgets_the_old_one(self, warehouse: Engine) -> None:
        url = MediaRef(uri=URL, source="list")
        note(warehouse, "a", url, etag='"1"')
        note(warehouse, "b", url.model_copy(update={"etag": '"1"'}), on=1)
        assert rows(warehouse, "SELECT etag FROM v_location") == [(None,)]


class TestWaiting:
    @pytest.mark.parametrize("one", [ref(), MediaRef(uri=URL, source="list")])
    def test_what_failed_waits_until_its_time(self, warehouse: Engine, one: MediaRef) -> None:
        note(warehouse, None, one, failures=2, next_try_at=day(3))
        answer, _ = ask(warehouse, one, on=2)
        assert (answer.unchanged, answer.waiting) == (1, 1)
        assert not is_unchanged(warehouse, one, on=3)

    @pytest.mark.parametrize("reread", [Reread.REFUSED, Reread.OTHER_ENGINE, Reread.EVERYTHING])
    def test_whoever_asks_for_it_does_not_wait(self, warehouse: Engine, reread: Reread) -> None:
        note(warehouse, None, failures=2, next_try_at=day(3))
        assert not is_unchanged(warehouse, reread=reread, on=2)

    def test_other_bytes_do_not_wait(self, warehouse: Engine) -> None:
        note(warehouse, None, failures=2, next_try_at=day(3))
        assert not is_unchanged(warehouse, ref(bytes=6), on=2)

    def test_a_medium_that_crashed_its_reader_waits_with_all_its_addresses(self, warehouse: Engine) -> None:
        note(warehouse, "a")
        note(warehouse, "a", ref("b.png"))
        with warehouse.begin() as connection:
            connection.execute(update(media).values(needs_retry=True, next_try_at=day(3)))
        for name in ("a.png", "b.png"):
            assert ask(warehouse, ref(name), on=2)[0].waiting == 1
            assert not is_unchanged(warehouse, ref(name), on=3)

    def test_an_archive_waits_for_the_first_member_that_may_be_tried(self, warehouse: Engine) -> None:
        note(warehouse, "c", ref("box.zip"))
        with warehouse.begin() as connection:
            connection.execute(update(media).values(kind=Kind.ARCHIVE))
        for name, on in (("a", 3), ("b", 5)):
            member = ref(f"box.zip!{name}.png")
            note(warehouse, None, member, archive_id=1, failures=2, next_try_at=day(on))
        assert ask(warehouse, ref("box.zip"), on=2)[0].waiting == 1
        assert not is_unchanged(warehouse, ref("box.zip"), on=3)


def test_seen_locations_are_exact() -> None:
    seen = SeenLocations()
    for key in (1, 8, 9, 1_000_003):
        seen.add(key)
    assert [key for key in range(1_000_010) if key in seen] == [1, 8, 9, 1_000_003]

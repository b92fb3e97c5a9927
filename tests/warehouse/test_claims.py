"""Each content is read by one batch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update
from warehouse_records import NOW, content, ref

from textmill.records import Content, Kind
from textmill.run_wishes import Reread
from textmill.warehouse.claims import Claim, Claimant, claim
from textmill.warehouse.known import Question, look_up
from textmill.warehouse.locations import note_location, unfinished_archives
from textmill.warehouse.runs import start_run
from textmill.warehouse.seen_locations import SeenLocations
from textmill.warehouse.tables import ingest_run, media


def ask(
    warehouse: Engine, run: str = "run-1", batch: int = 0, *, reread: Reread = Reread.NOTHING, hours: int = 0
) -> Claim:
    with warehouse.begin() as connection:
        return claim(connection, content(), Claimant(run, batch, reread, 12), NOW + timedelta(hours=hours))


def settle(warehouse: Engine, status: str = "loaded", *, needs_retry: bool = False) -> None:
    with warehouse.begin() as connection:
        connection.execute(update(media).values(status=status, needs_retry=needs_retry))


def end_run(warehouse: Engine, run: str) -> None:
    with warehouse.begin() as connection:
        connection.execute(
            update(ingest_run).where(ingest_run.c.run_id == run).values(state="success", finished_at=NOW)
        )


@pytest.fixture
def second_run(warehouse: Engine, ingest_run_id: int) -> None:
    """A run `run-2` beside `run-1`."""
    with warehouse.begin() as connection:
        start_run(connection, "run-2", "file:///in", {}, NOW)


@pytest.mark.usefixtures("second_run")
class TestClaims:
    def test_the_first_to_ask_reads_and_a_retry_of_it_too(self, warehouse: Engine) -> None:
        assert ask(warehouse).granted
        assert ask(warehouse).granted

    def test_another_batch_of_the_run_does_not_read_it_again(self, warehouse: Engine) -> None:
        ask(warehouse)
        assert ask(warehouse, batch=1) == Claim(media_id=1, granted=False, held=True)
        assert not ask(warehouse, batch=1, reread=Reread.EVERYTHING).granted

    def test_a_run_beside_it_does_not_read_it_either(self, warehouse: Engine) -> None:
        ask(warehouse)
        assert not ask(warehouse, "run-2").granted

    def test_a_run_that_failed_gives_its_claims_up(self, warehouse: Engine) -> None:
        ask(warehouse)
        end_run(warehouse, "run-1")
        assert ask(warehouse, "run-2").granted

    def test_a_run_that_never_ended_loses_them_after_a_while(self, warehouse: Engine) -> None:
        ask(warehouse)
        assert not ask(warehouse, "run-2", hours=11).granted
        assert ask(warehouse, "run-2", hours=13).granted

    @pytest.mark.parametrize("status", ["loaded", "partial", "quarantined"])
    def test_what_is_settled_is_not_read_again_unless_forced(self, warehouse: Engine, status: str) -> None:
        ask(warehouse)
        settle(warehouse, status)
        end_run(warehouse, "run-1")
        assert ask(warehouse, "run-2") == Claim(media_id=1, granted=False, held=False)
        assert ask(warehouse, "run-2", reread=Reread.EVERYTHING).granted

    def test_what_may_succeed_next_time_is_tried_again(self, warehouse: Engine) -> None:
        ask(warehouse)
        settle(warehouse, "quarantined", needs_retry=True)
        end_run(warehouse, "run-1")
        assert ask(warehouse, "run-2").granted


class TestArchives:
    """`box.zip` (c) holds `a.png` (a) and `inner.tar` (d), which holds `b.png` (b)."""

    @pytest.fixture(autouse=True)
    def box(self, warehouse: Engine) -> None:
        with warehouse.begin() as connection:
            start_run(connection, "run-1", "file:///in", {}, NOW)
            start_run(connection, "run-2", "file:///in", {}, NOW)
        box = self.note(warehouse, "box.zip", "c", Kind.ARCHIVE)
        inner = self.note(warehouse, "box.zip!inner.tar", "d", Kind.ARCHIVE, box)
        self.note(warehouse, "box.zip!a.png", "a", Kind.IMAGE, box)
        self.note(warehouse, "box.zip!inner.tar!b.png", "b", Kind.IMAGE, inner)
        settle(warehouse)
        end_run(warehouse, "run-1")

    def note(self, warehouse: Engine, name: str, letter: str, kind: Kind, archive: int | None = None) -> int:
        with warehouse.begin() as connection:
            claimant = Claimant("run-1", 0, False, 12)
            found = content(letter).model_copy(update={"kind": kind})
            media_id = claim(connection, found, claimant, NOW).media_id
            note_location(
                connection, ref(name), media_id=media_id, archive_id=archive, refused=False, now=NOW
            )
        return media_id

    def set(self, warehouse: Engine, letter: str, **values: object) -> None:
        with warehouse.begin() as connection:
            connection.execute(update(media).where(media.c.sha256 == letter * 64).values(**values))

    def is_unchanged(self, warehouse: Engine) -> bool:
        with warehouse.begin() as connection:
            question = Question(Reread.NOTHING, now=NOW, moment=NOW, source="x")
            return not look_up(connection, [ref("box.zip")], SeenLocations(), question).to_read

    def is_opened(self, warehouse: Engine, letter: str = "c") -> bool:
        with warehouse.begin() as connection:
            found: Content = content(letter).model_copy(update={"kind": Kind.ARCHIVE})
            return claim(connection, found, Claimant("run-2", 0, False, 12), NOW).granted

    def test_an_archive_of_which_all_is_through_is_not_opened_again(self, warehouse: Engine) -> None:
        assert self.is_unchanged(warehouse)
        assert not self.is_opened(warehouse)

    @pytest.mark.parametrize(("letter", "inner"), [("a", False), ("b", True)])
    @pytest.mark.parametrize("values", [{"needs_retry": True}, {"status": "claimed"}])
    def test_a_member_that_is_not_through_has_the_archives_around_it_opened(
        self, warehouse: Engine, letter: str, inner: bool, values: dict[str, object]
    ) -> None:
        self.set(warehouse, letter, **values)
        assert not self.is_unchanged(warehouse)
        assert self.is_opened(warehouse)
        assert self.is_opened(warehouse, "d") is inner

    @pytest.mark.parametrize("permanent", [True, False])
    def test_a_member_that_was_refused_unopened(self, warehouse: Engine, permanent: bool) -> None:
        with warehouse.begin() as connection:
            evil = ref("box.zip!evil")
            note_location(connection, evil, media_id=None, archive_id=1, refused=permanent, now=NOW)
        assert self.is_unchanged(warehouse) is permanent

    def test_an_archive_that_holds_itself_is_through_one_day(self, warehouse: Engine) -> None:
        with warehouse.begin() as connection:
            note_location(connection, ref("box.zip!r.zip"), media_id=1, archive_id=1, refused=False, now=NOW)
            assert unfinished_archives(connection, {1}) == set()

    def test_an_archive_whose_address_was_taken_is_opened_where_it_turns_up_again(
        self, warehouse: Engine
    ) -> None:
        self.note(warehouse, "box.zip", "e", Kind.ARCHIVE)
        assert self.is_opened(warehouse)

"""Each content is read by one batch, and nothing unchanged is looked at again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text, update
from warehouse_records import NOW, content, ref

from textmill.warehouse.claims import Claim, Claimant, claim
from textmill.warehouse.locations import find_unchanged, note_location
from textmill.warehouse.runs import start_run
from textmill.warehouse.tables import ingest_run, media


def ask(
    warehouse: Engine, run: str = "run-1", batch: int = 0, *, force: bool = False, hours: int = 0
) -> Claim:
    with warehouse.begin() as connection:
        return claim(connection, content(), Claimant(run, batch, force, 12), NOW + timedelta(hours=hours))


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
        assert not ask(warehouse, batch=1, force=True).granted

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
        assert ask(warehouse, "run-2", force=True).granted

    def test_what_may_succeed_next_time_is_tried_again(self, warehouse: Engine) -> None:
        ask(warehouse)
        settle(warehouse, "quarantined", needs_retry=True)
        end_run(warehouse, "run-1")
        assert ask(warehouse, "run-2").granted


class TestUnchanged:
    def note(self, warehouse: Engine, *, refused: bool = False, known: bool = True) -> None:
        with warehouse.begin() as connection:
            start_run(connection, "run-1", "file:///in", {}, NOW)
            media_id = None
            if known:
                media_id = claim(connection, content(), Claimant("run-1", 0, False, 12), NOW).media_id
            note_location(connection, ref(), media_id=media_id, refused=refused, now=NOW)

    def unchanged(self, warehouse: Engine, **changes: int) -> bool:
        with warehouse.begin() as connection:
            return find_unchanged(connection, [ref(**changes), ref("b.png")], NOW + timedelta(1)) == {
                ref().uri
            }

    def test_same_size_and_time_of_a_settled_medium(self, warehouse: Engine) -> None:
        self.note(warehouse)
        settle(warehouse)
        assert self.unchanged(warehouse)
        assert not self.unchanged(warehouse, bytes=6)
        assert not self.unchanged(warehouse, modified_ns=8)

    def test_a_medium_that_was_never_settled_is_looked_at(self, warehouse: Engine) -> None:
        self.note(warehouse)
        assert not self.unchanged(warehouse)

    def test_bytes_that_were_refused_for_good(self, warehouse: Engine) -> None:
        self.note(warehouse, known=False, refused=True)
        assert self.unchanged(warehouse)

    def test_a_refusal_that_may_not_last_is_looked_at_again(self, warehouse: Engine) -> None:
        self.note(warehouse, known=False)
        assert not self.unchanged(warehouse)

    def test_being_seen_is_noted(self, warehouse: Engine) -> None:
        self.note(warehouse)
        settle(warehouse)
        self.unchanged(warehouse)
        with warehouse.connect() as connection:
            seen = connection.execute(text("SELECT last_seen FROM media_location")).scalar_one()
        assert seen == NOW + timedelta(1)

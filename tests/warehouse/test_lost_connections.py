"""Transactions survive deadlocks, killed connections, a server that restarts, and a lost answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from restartable_mariadb import BreakingWire, RestartableMariaDB
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import OperationalError
from warehouse_records import NOW, content, page, ref

from textmill.errors import EngineFailed
from textmill.records import PageRecord, Rejection, Stage
from textmill.warehouse import tables
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import Transactions, in_transaction, warehouse_engine
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location
from textmill.warehouse.migrate import upgrade
from textmill.warehouse.runs import plan_run, run_key, start_run

PAGES = 300
SECRET = "what stands on the page"


class Interrupted:
    """Pages in order; before one of them is handed out for the first time, something happens."""

    def __init__(self, at: int, happens: Callable[[], None]) -> None:
        self._at = at
        self._happens = happens
        self.tries = 0

    def __len__(self) -> int:
        return PAGES

    def __iter__(self) -> Iterator[PageRecord]:
        self.tries += 1
        for number in range(1, PAGES + 1):
            if number == self._at and self.tries == 1:
                self._happens()
            yield page(number, text=f"{SECRET} {number}")


def begin_run(engine: Engine) -> None:
    with engine.begin() as connection:
        start_run(connection, "run-1", "file:///in", {}, NOW)
        plan_run(connection, "run-1", [(1, 1.0)])


def write(connection: Connection, pages: Any) -> int:
    registered = claim(connection, content(), Claimant("run-1", 0, True, 1.0), NOW)
    note_location(connection, ref(), media_id=registered.media_id, refused=False, now=NOW)
    refused = Rejection.of(
        EngineFailed("failed"), uri=ref().uri, sha256="a" * 64, stage=Stage.OCR, page_no=PAGES + 1
    )
    result = MediumResult(ref().uri, "a" * 64, PAGES + 1, pages, [refused])
    return load_medium(connection, result, ingest_run_id=run_key(connection, "run-1"), batch_no=0, now=NOW)


def everything(engine: Engine) -> dict[str, list[Any]]:
    """All rows, but for their keys: what is undone leaves gaps in their numbers."""
    with engine.connect() as connection:
        return {
            table.name: sorted(
                repr(row)
                for row in connection.execute(
                    select(*(one for one in table.columns if not one.name.endswith("id")))
                )
            )
            for table in tables.metadata.sorted_tables
            if any(not one.name.endswith("id") for one in table.columns) and table.name != "word_gram"
        }


def expect_it_all(engine: Engine) -> None:
    with engine.connect() as connection:
        (document,) = connection.execute(text("SELECT text, pages FROM document")).all()
        assert document.text.split("\f") == [f"{SECRET} {number}" for number in range(1, PAGES + 1)]
        assert connection.execute(text("SELECT COUNT(*) FROM page")).scalar_one() == PAGES
        assert connection.execute(text("SELECT COUNT(*) FROM line")).scalar_one() == PAGES
        assert connection.execute(text("SELECT attempts FROM quarantine")).all() == [(1,)]


class TestKilledConnections:
    def test_a_load_whose_connection_is_killed_begins_again_on_another(
        self, warehouse: Engine, caplog: pytest.LogCaptureFixture
    ) -> None:
        begin_run(warehouse)
        mine: list[int] = []

        def kill() -> None:
            with warehouse.connect() as other:
                other.execute(text(f"KILL {mine[-1]}"))

        pages = Interrupted(200, kill)

        def work(connection: Connection) -> int:
            mine.append(connection.execute(text("SELECT CONNECTION_ID()")).scalar_one())
            return write(connection, pages)

        assert in_transaction(warehouse, work) == PAGES
        assert (pages.tries, len(set(mine))) == (2, 2)
        expect_it_all(warehouse)
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert "trying again in" in record.getMessage()
        assert SECRET not in record.getMessage()

    def test_many_transactions_on_one_connection_go_on_when_it_is_killed_between_them(
        self, warehouse: Engine
    ) -> None:
        with Transactions(warehouse) as transactions:
            ids = [transactions.run(connection_id) for _ in range(3)]
            assert len(set(ids)) == 1
            with warehouse.connect() as other:
                other.execute(text(f"KILL {ids[0]}"))
            assert transactions.run(connection_id) != ids[0]

    def test_another_error_is_not_tried_again(self, warehouse: Engine) -> None:
        tries = []

        def work(connection: Connection) -> None:
            tries.append(1)
            connection.execute(text("SELECT * FROM nowhere"))

        with pytest.raises(Exception, match="nowhere"):
            in_transaction(warehouse, work)
        assert tries == [1]


def connection_id(connection: Connection) -> int:
    found: int = connection.execute(text("SELECT CONNECTION_ID()")).scalar_one()
    return found


class TestLostAnswers:
    def test_a_commit_of_which_the_answer_was_lost_changes_nothing_when_it_is_repeated(
        self, warehouse: Engine, warehouse_server: Any
    ) -> None:
        begin_run(warehouse)
        changed: list[int] = []
        with (
            BreakingWire(warehouse_server.port) as wire,
            warehouse_engine(warehouse_server.set(port=wire.port)) as engine,
        ):
            pages = Interrupted(0, lambda: None)

            def work(connection: Connection) -> None:
                wire.is_armed = not changed
                changed.append(write(connection, pages))

            in_transaction(engine, work)
            assert wire.has_broken
        # The first commit happened: the second attempt found all of it.
        assert changed == [PAGES, 0]
        expect_it_all(warehouse)
        once = everything(warehouse)
        in_transaction(warehouse, lambda connection: write(connection, pages))
        assert everything(warehouse) == once


class TestDeadlocks:
    def test_of_two_that_wait_for_each_other_one_is_undone_and_tried_again(self, warehouse: Engine) -> None:
        for letter in "ab":
            in_transaction(
                warehouse,
                lambda connection, letter=letter: claim(
                    connection, content(letter), Claimant("run-1", 0, True, 1.0), NOW
                ),
            )
        both_have_one = threading.Barrier(2)
        tries: list[str] = []

        def lock(first: str, second: str) -> None:
            def work(connection: Connection) -> None:
                tries.append(first)
                connection.execute(text(_ADD), {"sha256": first * 64})
                if tries.count(first) == 1:
                    both_have_one.wait(20)
                connection.execute(text(_ADD), {"sha256": second * 64})

            in_transaction(warehouse, work)

        threads = [threading.Thread(target=lock, args=order) for order in (("a", "b"), ("b", "a"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        with warehouse.connect() as connection:
            assert connection.execute(text("SELECT bytes FROM media")).all() == [(7,), (7,)]
        assert len(tries) == 3


_ADD = "UPDATE media SET bytes = bytes + 1 WHERE sha256 = :sha256"


class TestIsolation:
    def test_a_transaction_sees_what_others_have_committed_meanwhile(self, warehouse: Engine) -> None:
        count = text("SELECT COUNT(*) FROM media")
        with warehouse.connect() as connection:
            assert connection.execute(count).scalar_one() == 0
            in_transaction(
                warehouse, lambda other: claim(other, content(), Claimant("run-1", 0, True, 1.0), NOW)
            )
            assert connection.execute(count).scalar_one() == 1
            assert connection.get_isolation_level() == "READ COMMITTED"


class TestAServerThatGoesAway:
    def test_a_restart_in_the_middle_of_a_load_is_waited_out(self, tmp_path: Path) -> None:
        with RestartableMariaDB(tmp_path) as server:
            upgrade(server.url.render_as_string(hide_password=False))
            stop, down, loaded = threading.Event(), threading.Event(), threading.Event()

            def restart() -> None:
                # The server lives as long as the thread that started it.
                stop.wait(60)
                server.stop()
                down.set()
                loaded.wait(0.5)
                server.start()
                loaded.wait(120)

            def interrupt() -> None:
                stop.set()
                assert down.wait(60)

            restarting = threading.Thread(target=restart)
            restarting.start()
            with warehouse_engine(server.url) as engine:
                begin_run(engine)
                pages = Interrupted(200, interrupt)
                try:
                    in_transaction(engine, lambda connection: write(connection, pages))
                    assert pages.tries == 2
                    expect_it_all(engine)
                finally:
                    stop.set()
                    loaded.set()
                    restarting.join(60)

    def test_one_that_stays_away_is_given_up_after_two_minutes(
        self, warehouse_server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        waits: list[float] = []
        monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
        with warehouse_engine(warehouse_server.set(port=1)) as engine, pytest.raises(OperationalError):
            in_transaction(engine, connection_id)
        assert 120 <= sum(waits) < 145
        assert waits[:4] == sorted(waits[:4])
        assert max(waits) <= 21
        assert len(caplog.records) == len(waits)
        assert warehouse_server.password not in caplog.text

    def test_a_wrong_password_is_told_at_once(self, warehouse_server: Any) -> None:
        with (
            warehouse_engine(warehouse_server.set(password="wrong")) as engine,
            pytest.raises(OperationalError, match="Access denied"),
        ):
            in_transaction(engine, connection_id)

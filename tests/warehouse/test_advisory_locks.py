"""Locks that hold on all machines."""

from __future__ import annotations

from threading import Event, Thread

import pytest
from sqlalchemy import URL, Engine, text

from textmill.errors import LockNotGiven
from textmill.warehouse.advisory_locks import advisory_lock
from textmill.warehouse.connection import warehouse_engine


def test_one_at_a_time_holds_a_lock_and_others_wait(warehouse: Engine, warehouse_server: URL) -> None:
    order: list[str] = []
    begun = Event()

    def wait_for_it() -> None:
        with warehouse_engine(warehouse_server) as other:
            begun.set()
            with advisory_lock(other, "a"):
                order.append("second")

    with advisory_lock(warehouse, "a"):
        thread = Thread(target=wait_for_it)
        thread.start()
        begun.wait(10)
        with warehouse_engine(warehouse_server) as other:
            with (
                pytest.raises(LockNotGiven, match="Another task held the lock on a "),
                advisory_lock(other, "a", seconds=0),
            ):
                pass
            with advisory_lock(other, "b", seconds=0):
                order.append("another subject")
        order.append("first")
    thread.join(10)
    assert order == ["another subject", "first", "second"]


def test_a_lock_ends_with_its_connection(warehouse: Engine, warehouse_server: URL) -> None:
    with advisory_lock(warehouse, "a"):
        with warehouse.connect() as connection:
            find = text("SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID()")
            for number in connection.execute(find).scalars().all():
                connection.execute(text(f"KILL {number}"))
        with warehouse_engine(warehouse_server) as other, advisory_lock(other, "a", seconds=10):
            pass


def test_the_name_of_a_subject_may_be_long(warehouse: Engine) -> None:
    with advisory_lock(warehouse, "run " * 100), advisory_lock(warehouse, "run " * 100 + "2", seconds=0):
        pass

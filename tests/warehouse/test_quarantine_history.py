"""Every change of an entry in quarantine is an event, once, in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from warehouse_records import NOW, content, page, ref

from textmill.errors import DamagedImage, HttpFailed, MalformedLine, PageTimeout
from textmill.findings import JudgedPages
from textmill.records import MOST_TEXT_READ, Outcome, PageVerdict, Rejection, Stage
from textmill.run_wishes import Reread
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location
from textmill.warehouse.quarantine_closing import (
    close_gone,
    reopen_locations,
    reopen_medium,
    resolve_address,
    resolve_failures,
    resolve_lines,
)
from textmill.warehouse.quarantining import quarantine_all
from textmill.warehouse.runs import run_key, start_run

BROKEN = Rejection.of(DamagedImage("It breaks off."), uri=ref().uri, sha256="a" * 64, stage=Stage.OCR)
AWAY = Rejection.of(HttpFailed("503"), uri="https://example.org/a", sha256=None, stage=Stage.FETCH)


class Books:
    """Plays runs, one a day, and shows the history."""

    def __init__(self, warehouse: Engine) -> None:
        self.warehouse = warehouse

    def key(self, run: int) -> int:
        with self.warehouse.begin() as connection:
            start_run(connection, f"run-{run}", "-", {}, self.day(run))
            return run_key(connection, f"run-{run}")

    @staticmethod
    def day(run: int) -> datetime:
        return NOW + timedelta(days=run)

    def refuse(self, run: int, *rejections: Rejection) -> None:
        key = self.key(run)
        with self.warehouse.begin() as connection:
            quarantine_all(connection, rejections, ingest_run_id=key, batch_no=0, now=self.day(run))

    def do(self, run: int, change: Any, *arguments: Any, **wishes: Any) -> None:
        key = self.key(run)
        with self.warehouse.begin() as connection:
            change(connection, *arguments, now=self.day(run), ingest_run_id=key, **wishes)

    def load(self, run: int, rejections: Sequence[Rejection]) -> None:
        key = self.key(run)
        with self.warehouse.begin() as connection:
            claim(connection, content(), Claimant(f"run-{run}", 0, Reread.EVERYTHING, 12), self.day(run))
            result = MediumResult(ref().uri, "a" * 64, 1, [], rejections)
            load_medium(connection, result, ingest_run_id=key, batch_no=0, now=self.day(run))

    def lie(self) -> int:
        """Have the medium lie at its address; returns the location's key."""
        with self.warehouse.begin() as connection:
            claimed = claim(connection, content(), Claimant("run-1", 0, Reread.NOTHING, 12), NOW)
            note_location(connection, ref(), media_id=claimed.media_id, refused=False, now=NOW)
            return connection.execute(text("SELECT id FROM media_location")).scalar_one()

    def rows(self, sql: str) -> list[Any]:
        with self.warehouse.connect() as connection:
            return list(connection.execute(text(sql)).all())

    def history(self) -> list[tuple[str, str | None]]:
        events = self.rows("SELECT event, run_id FROM v_quarantine_history ORDER BY event_id")
        return [(row.event, row.run_id) for row in events]


@pytest.fixture
def books(warehouse: Engine) -> Books:
    return Books(warehouse)


def test_an_entry_is_opened_refused_again_once_per_run_and_resolved(books: Books) -> None:
    books.lie()
    for _ in range(3):  # as when the load task is retried
        books.load(1, [BROKEN])
    other = BROKEN.model_copy(update={"message": "It breaks off elsewhere."})
    for _ in range(2):
        books.load(2, [other])
    for _ in range(2):
        books.load(3, [])
    assert books.history() == [("opened", "run-1"), ("refused_again", "run-2"), ("resolved", "run-3")]
    messages = books.rows("SELECT message FROM v_quarantine_history ORDER BY event_id")
    assert [row.message for row in messages] == [BROKEN.message, other.message, other.message]
    (entry,) = books.rows("SELECT status, attempts, closed_at FROM v_quarantine")
    assert tuple(entry) == ("resolved", 2, books.day(3))


def test_what_was_closed_is_reopened_and_has_no_time_of_closing(books: Books) -> None:
    books.lie()
    books.load(1, [BROKEN])
    books.load(2, [])
    books.load(3, [BROKEN])
    assert [name for name, _ in books.history()] == ["opened", "resolved", "reopened"]
    assert books.rows("SELECT status, attempts, closed_at FROM v_quarantine") == [("open", 1, None)]


def test_a_file_that_goes_and_comes_back_takes_its_entries_with_it(books: Books) -> None:
    location = books.lie()
    books.load(1, [BROKEN])
    with books.warehouse.begin() as connection:
        connection.execute(text("UPDATE media_location SET deleted_at = :now"), {"now": NOW})
    for _ in range(2):
        books.do(2, close_gone, [location])
    for _ in range(2):
        books.do(3, reopen_locations, [location])
    books.do(4, close_gone, [location])
    books.do(5, reopen_medium, 1, ref("elsewhere.png").uri)
    assert books.history() == [
        ("opened", "run-1"),
        ("gone", "run-2"),
        ("reopened", "run-3"),
        ("gone", "run-4"),
        ("reopened", "run-5"),
    ]
    (entry,) = books.rows("SELECT uri, name, status, closed_at FROM v_quarantine")
    assert (entry.name, entry.status, entry.closed_at) == ("elsewhere.png", "open", None)


def test_failures_of_an_address_are_closed_by_the_run_that_got_through(books: Books) -> None:
    books.refuse(1, AWAY)
    books.do(2, resolve_failures, uri=AWAY.uri)
    books.refuse(3, AWAY)
    books.do(4, resolve_address, uri=AWAY.uri, sha256="b" * 64)
    assert [name for name, _ in books.history()] == ["opened", "resolved", "reopened", "resolved"]


def test_a_malformed_line_that_nobody_touched_is_no_news_every_night(books: Books) -> None:
    line = Rejection.of(MalformedLine("Line 3."), uri="file:///l.csv#3", sha256=None, stage=Stage.DISCOVER)
    for run in (1, 2, 3):
        books.refuse(run, line)
    books.refuse(4, line.model_copy(update={"message": "Line 3 is another one."}))
    books.do(5, resolve_lines, "file:///l.csv")
    assert books.history() == [("opened", "run-1"), ("refused_again", "run-4"), ("resolved", "run-5")]
    assert books.rows("SELECT attempts FROM v_quarantine") == [(4,)]


def test_an_event_goes_with_its_transaction(books: Books) -> None:
    books.refuse(1, AWAY)
    key = books.key(2)

    def break_off() -> None:
        with books.warehouse.begin() as connection:
            resolve_failures(connection, uri=AWAY.uri, now=NOW, ingest_run_id=key)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert [name for name, _ in books.history()] == ["opened"]


def test_many_are_refused_and_closed_in_few_statements(books: Books) -> None:
    pages = [
        Rejection.of(PageTimeout("-", page_no=number), uri=ref().uri, sha256="a" * 64, stage=Stage.OCR)
        for number in range(1, 1001)
    ]
    books.lie()
    statements = 0

    def count(*_: Any) -> None:
        nonlocal statements
        statements += 1

    event.listen(books.warehouse, "before_cursor_execute", count)
    books.load(1, pages)
    books.load(2, [])
    assert statements < 60
    assert books.rows("SELECT event, COUNT(*) FROM v_quarantine_history GROUP BY event ORDER BY event") == [
        ("opened", 1000),
        ("resolved", 1000),
    ]


def test_the_same_thing_refused_twice_at_once_is_one_entry(books: Books) -> None:
    books.refuse(1, BROKEN, BROKEN.model_copy(update={"message": "Again."}))
    assert books.rows("SELECT attempts, message FROM v_quarantine") == [(1, "Again.")]
    assert len(books.history()) == 1


def test_what_was_read_of_a_refused_page_stays_visible_and_bounded(books: Books) -> None:
    record = page(1, text="%%% ## 11" * 1000, confidence=0.31)
    verdict = PageVerdict(
        sha256="a" * 64, page_no=1, outcome=Outcome.QUARANTINED, checks=("symbol_soup",), message="soup"
    )
    books.lie()
    books.load(1, list(JudgedPages.at_hand([(record, verdict)]).rejections(ref().uri)))
    (entry,) = books.rows("SELECT * FROM v_quarantine")
    assert entry.text_read == record.text[:MOST_TEXT_READ]
    assert (entry.confidence, entry.reason, entry.kind) == (0.31, "symbol_soup", "image")


def test_the_view_tells_where_the_original_bytes_are_until_the_entry_is_closed(books: Books) -> None:
    books.lie()
    books.load(1, [BROKEN])
    books.refuse(1, AWAY)
    copies = "SELECT copy_path FROM v_quarantine ORDER BY quarantine_id"
    assert books.rows(copies) == [(f"content/aa/{'a' * 64}",), (None,)]
    books.load(2, [])
    assert books.rows(copies) == [(None,), (None,)]


def test_runs_that_are_forgotten_leave_their_history(books: Books) -> None:
    books.refuse(1, AWAY)
    books.refuse(2, AWAY)
    with books.warehouse.begin() as connection:
        connection.execute(text("DELETE FROM ingest_run WHERE run_id = 'run-1'"))
    assert books.history() == [("opened", None), ("refused_again", "run-2")]

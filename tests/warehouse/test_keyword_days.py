"""The example's table: a day is counted from the views, and replaced as a whole."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Engine, text
from warehouse_records import NOW, content, page, ref

from textmill.example.keyword_days import days_of_runs, recount_day
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location
from textmill.warehouse.runs import plan_run, run_key, start_run

TODAY = NOW.date()


def load(warehouse: Engine, run_id: str, letter: str, words: str, now: datetime = NOW) -> None:
    name = ref(f"{letter}.png")
    with warehouse.begin() as connection:
        start_run(connection, run_id, "file:///in", {}, now)
        plan_run(connection, run_id, [(1, 30.0)])
        media_id = claim(connection, content(letter), Claimant(run_id, 0, False, 1.0), now).media_id
        note_location(connection, name, media_id=media_id, refused=False, now=now)
        result = MediumResult(name.uri, letter * 64, 1, [page(1, letter, text=words)], [])
        key = run_key(connection, run_id)
        load_medium(connection, result, ingest_run_id=key, batch_no=0, now=now)


def rows(warehouse: Engine) -> list[tuple[object, ...]]:
    sql = "SELECT day, keyword, documents, occurrences FROM example_keyword_daily ORDER BY day, keyword"
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def test_a_day_has_the_words_of_its_documents_and_counting_again_changes_nothing(warehouse: Engine) -> None:
    load(warehouse, "run-1", "a", "Ferry ferry CAFÉ")
    load(warehouse, "run-1", "b", "ferry cafe 🦓")
    load(warehouse, "run-2", "c", "yesterday", NOW - timedelta(days=1))
    recount_day(warehouse, TODAY)
    expected = [(TODAY, "cafe", 1, 1), (TODAY, "café", 1, 1), (TODAY, "ferry", 2, 3)]
    assert rows(warehouse) == expected
    recount_day(warehouse, TODAY)
    assert rows(warehouse) == expected


def test_only_its_own_day_is_replaced(warehouse: Engine) -> None:
    load(warehouse, "run-1", "a", "ferry")
    recount_day(warehouse, TODAY)
    assert recount_day(warehouse, date(2020, 1, 1)) == []
    assert [row[1] for row in rows(warehouse)] == ["ferry"]
    with warehouse.begin() as connection:
        connection.execute(text("DELETE FROM document"))
    recount_day(warehouse, TODAY)
    assert rows(warehouse) == []


def test_days_are_those_of_what_the_runs_loaded(warehouse: Engine) -> None:
    load(warehouse, "run-1", "a", "ferry", datetime(2026, 2, 27, 23, 59))
    load(warehouse, "run-2", "b", "ferry", datetime(2026, 2, 28))
    load(warehouse, "run-3", "c", "ferry", datetime(2026, 3, 1))
    assert days_of_runs(warehouse, ["run-1", "run-2"]) == [date(2026, 2, 27), date(2026, 2, 28)]
    assert days_of_runs(warehouse, ["run-3", "unknown"]) == [date(2026, 3, 1)]
    assert days_of_runs(warehouse, []) == []

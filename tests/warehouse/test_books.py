"""The books of a run add up, however often its tasks are retried."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from warehouse_records import NOW

from textmill.records import ExpectationResult
from textmill.warehouse.reporting import run_progress, run_summary
from textmill.warehouse.runs import (
    finish_run,
    note_batch,
    note_discovery,
    plan_run,
    start_run,
    store_quality_results,
)

RESULT = ExpectationResult(
    check="no_text",
    severity="critical",
    expectation="expect_x",
    column="text",
    observed="0 of 3",
    element_count=3,
    unexpected_count=0,
    success=True,
)


def play(warehouse: Engine, *, batches_done: int = 2) -> tuple[str, ...]:
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "file:///in", {"dpi": 200}, NOW)
        note_discovery(connection, "run-1", found=10, unchanged=4)
        plan_run(connection, "run-1", [(3, 30.0), (3, 30.0)])
        for batch_no in range(batches_done):
            note_batch(
                connection,
                "run-1",
                batch_no,
                state="loaded",
                media_loaded=1,
                media_unchanged=1,
                media_quarantined=1,
                pages_loaded=5,
                pages_with_text=4,
                confidence_sum=2.0 + batch_no,
            )
        return finish_run(connection, "run-1", NOW + timedelta(seconds=20))


def test_totals_are_the_sums_of_the_batches(warehouse: Engine) -> None:
    assert play(warehouse) == ()
    summary = run_summary(warehouse, "run-1")
    assert (summary.state, summary.media_found) == ("success", 10)
    assert (summary.media_loaded, summary.media_unchanged, summary.media_quarantined) == (2, 6, 2)
    assert summary.media_loaded + summary.media_unchanged + summary.media_quarantined == summary.media_found
    assert summary.pages_loaded == 10
    assert summary.confidence == pytest.approx(5.0 / 8)
    assert (summary.seconds, summary.pages_per_second) == (20.0, 0.5)


def test_a_run_played_again_has_the_same_books(warehouse: Engine) -> None:
    play(warehouse)
    first = run_summary(warehouse, "run-1")
    play(warehouse)
    assert run_summary(warehouse, "run-1") == first


def test_members_of_archives_are_found_too_and_the_books_add_up(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "file:///in", {}, NOW)
        note_discovery(connection, "run-1", found=10, unchanged=8)
        plan_run(connection, "run-1", [(2, 30.0)])
        counts = {"media_total": 7, "media_members": 5}  # an archive with five members, and a picture
        done = {"state": "loaded", "media_loaded": 4, "media_unchanged": 1, "media_quarantined": 2}
        note_batch(connection, "run-1", 0, **counts, **done)
    for _ in range(2):
        with warehouse.begin() as connection:
            finish_run(connection, "run-1", NOW)
        summary = run_summary(warehouse, "run-1")
        assert (summary.media_found, summary.media_loaded) == (15, 4)
        assert (summary.media_unchanged, summary.media_quarantined) == (9, 2)


def test_a_batch_that_did_not_get_through_fails_the_run(warehouse: Engine) -> None:
    assert play(warehouse, batches_done=1) == ("batch 1 (planned)",)
    assert run_summary(warehouse, "run-1").state == "failed"


def test_a_run_that_was_never_planned_has_failed(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "file:///none", {}, NOW)
        assert finish_run(connection, "run-1", NOW) == ("the source was never planned",)


def test_a_run_with_nothing_to_do_succeeds(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "file:///in", {}, NOW)
        note_discovery(connection, "run-1", found=7, unchanged=7)
        plan_run(connection, "run-1", [])
        assert finish_run(connection, "run-1", NOW) == ()
    assert run_summary(warehouse, "run-1").media_unchanged == 7


def test_progress_before_during_and_after(warehouse: Engine) -> None:
    assert run_progress(warehouse, "run-1") is None
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "file:///in", {}, NOW)
        plan_run(connection, "run-1", [(3, 30.0), (3, 30.0)])
    waiting = run_progress(warehouse, "run-1")
    assert waiting is not None
    assert (waiting.batches_total, waiting.pages_done, waiting.seconds_left) == (2, 0, None)
    with warehouse.begin() as connection:
        note_batch(connection, "run-1", 0, state="reading", pages_total=30, pages_done=15, ocr_started_at=NOW)
    reading = run_progress(warehouse, "run-1")
    assert reading is not None
    assert (reading.pages_total, reading.pages_done, reading.batches_done) == (30, 15, 0)
    assert reading.seconds_left is not None and reading.pages_per_second > 0


def test_quality_results_are_replaced_not_added(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "file:///in", {}, NOW)
        for _ in range(2):
            store_quality_results(connection, "run-1", 0, [RESULT], NOW)
        count = connection.execute(text("SELECT COUNT(*) FROM quality_result")).scalar_one()
    assert count == 1


def test_the_speed_of_a_run_is_in_its_view(warehouse: Engine) -> None:
    play(warehouse)
    with warehouse.connect() as connection:
        row = connection.execute(text("SELECT * FROM v_run")).one()
    assert float(row.pages_per_second) == pytest.approx(0.5)

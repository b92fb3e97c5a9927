"""What a run announces is what its books say it loaded."""

from __future__ import annotations

from sqlalchemy import Engine, update
from warehouse_records import NOW

from textmill.stages.publish import publish
from textmill.warehouse.runs import note_batch, plan_run, start_run
from textmill.warehouse.tables import ingest_run


def plan(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "file:///in", {}, NOW)
        plan_run(connection, "run-1", [(3, 30.0), (2, 20.0), (1, 10.0)])


def test_a_run_without_books_and_one_that_loaded_nothing_have_nothing_to_tell(warehouse: Engine) -> None:
    assert publish(warehouse, run_id="never-begun") is None
    plan(warehouse)
    with warehouse.begin() as connection:
        note_batch(connection, "run-1", 0, state="loaded", media_unchanged=2, media_quarantined=1)
    assert publish(warehouse, run_id="run-1") is None


def test_loaded_batches_are_summed_although_another_failed(warehouse: Engine) -> None:
    plan(warehouse)
    with warehouse.begin() as connection:
        note_batch(
            connection, "run-1", 0, state="loaded", media_loaded=2, media_quarantined=1, pages_loaded=9
        )
        note_batch(connection, "run-1", 1, state="loaded", media_loaded=2, pages_loaded=3)
        note_batch(connection, "run-1", 2, state="reading")
        connection.execute(update(ingest_run).values(media_refused=4))
    announcement = publish(warehouse, run_id="run-1")
    assert announcement
    assert announcement.metadata() == {
        "run_id": "run-1",
        "source": "file:///in",
        "media_loaded": 4,
        "media_quarantined": 5,
        "pages_loaded": 12,
    }

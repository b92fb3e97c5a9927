"""The pace is measured by every batch once, and the last thousand pages count."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from warehouse_records import NOW, page, ref

from textmill.pace import Pace, Work
from textmill.page_table import write_pages
from textmill.reading_times import works_of
from textmill.records import BatchItem, Content, FetchedItem, FetchOutcome, Kind
from textmill.staging import BatchArea, write_records
from textmill.warehouse.pacing import engine_of_run, known_pace, note_batch_pace, note_pace
from textmill.warehouse.runs import note_batch, start_run


def pace_of(warehouse: Engine, engine: str = "paddle") -> Pace:
    with warehouse.connect() as connection:
        found = known_pace(connection, engine)
    assert found is not None
    return found


def measure(
    warehouse: Engine, pages: float, seconds_per_page: float, *, device: str = "cpu", later: int = 0
) -> None:
    works = {Kind.IMAGE: Work(pages, pages * seconds_per_page, pages * 1000)}
    with warehouse.begin() as connection:
        note_pace(connection, device, "paddle", works, NOW + timedelta(days=later))


def finish(
    warehouse: Engine, works: dict[Kind, Work], *, seconds: float = 40.0, device: str | None = "cpu"
) -> None:
    """Do what `load` does at the end of a batch that was read in `seconds`."""
    with warehouse.begin() as connection:
        note_batch(
            connection,
            "run-1",
            0,
            engine="paddle",
            device=device,
            ocr_started_at=NOW,
            ocr_finished_at=NOW + timedelta(seconds=seconds),
        )
    with warehouse.begin() as connection:
        note_batch_pace(connection, "run-1", 0, works)
        note_batch(connection, "run-1", 0, state="loaded", loaded_at=NOW)


def test_an_engine_that_never_read_has_no_pace(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        assert known_pace(connection, "paddle") is None


def test_measurements_add_up_by_kind(warehouse: Engine) -> None:
    works = {Kind.IMAGE: Work(2, 3.0, 500), Kind.PDF: Work(10, 20.0, 900)}
    with warehouse.begin() as connection:
        note_pace(connection, "cpu", "paddle", works, NOW)
    measure(warehouse, 2, 2.0)
    image = pace_of(warehouse).work[Kind.IMAGE]
    assert image.pages == pytest.approx(4, rel=0.01)
    assert image.seconds == pytest.approx(7, rel=0.01)
    assert pace_of(warehouse).work[Kind.PDF] == Work(10, 20.0, 900)


def test_old_measurements_fade(warehouse: Engine) -> None:
    for _ in range(40):
        measure(warehouse, 50, 2.0)
    for _ in range(40):
        measure(warehouse, 50, 0.5)
    work = pace_of(warehouse).work[Kind.IMAGE]
    assert 900 < work.pages < 1100
    assert 0.5 < work.seconds / work.pages < 0.8


def test_the_device_that_was_measured_last_counts(warehouse: Engine) -> None:
    measure(warehouse, 500, 2.0, device="cpu")
    measure(warehouse, 10, 0.1, device="gpu:0", later=1)
    assert pace_of(warehouse).device == "gpu:0"
    measure(warehouse, 10, 2.0, device="cpu", later=2)
    assert pace_of(warehouse).device == "cpu"
    assert pace_of(warehouse).work[Kind.IMAGE].pages > 500


def test_other_engines_have_a_pace_of_their_own(warehouse: Engine) -> None:
    measure(warehouse, 500, 2.0)
    with warehouse.connect() as connection:
        assert known_pace(connection, "tesseract") is None


def test_nonsense_is_left_out(warehouse: Engine) -> None:
    works = {Kind.IMAGE: Work(2, -3.0), Kind.PDF: Work(1, 1e9), Kind.TEXT: Work(1, 0.02, 10)}
    with warehouse.begin() as connection:
        note_pace(connection, "cpu", "paddle", works, NOW, start_seconds=1e6)
    assert pace_of(warehouse) == Pace("cpu", {Kind.TEXT: Work(1, 0.02, 10)})


@pytest.mark.usefixtures("ingest_run_id")
def test_a_batch_counts_once_however_often_it_is_loaded(warehouse: Engine) -> None:
    for _ in range(3):
        finish(warehouse, {Kind.IMAGE: Work(20, 30.0, 5000)})
    assert pace_of(warehouse).work == {Kind.IMAGE: Work(20, 30.0, 5000)}
    assert pace_of(warehouse).starts == Work(1, 10.0)


@pytest.mark.usefixtures("ingest_run_id")
def test_a_batch_that_fails_to_load_leaves_no_measurement(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        note_batch(connection, "run-1", 0, engine="paddle", device="cpu")
    with pytest.raises(RuntimeError), warehouse.begin() as connection:
        note_batch_pace(connection, "run-1", 0, {Kind.IMAGE: Work(20, 30.0)})
        raise RuntimeError("killed before the batch was noted as loaded")
    with warehouse.connect() as connection:
        assert known_pace(connection, "paddle") is None


@pytest.mark.usefixtures("ingest_run_id")
def test_a_batch_of_which_nothing_was_read_measures_nothing(warehouse: Engine) -> None:
    finish(warehouse, {}, device=None)
    with warehouse.connect() as connection:
        assert known_pace(connection, "paddle") is None


@pytest.mark.usefixtures("ingest_run_id")
def test_pages_that_were_read_before_an_interruption_tell_nothing_of_the_start(warehouse: Engine) -> None:
    finish(warehouse, {Kind.IMAGE: Work(100, 300.0)}, seconds=40)
    assert pace_of(warehouse).starts == Work()


@pytest.mark.usefixtures("ingest_run_id")
def test_watching_a_video_counts_besides_reading_its_frames(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        note_pace(connection, "cpu", "paddle", {}, NOW, start_seconds=4.0)
    finish(warehouse, {Kind.IMAGE: Work(10, 10.0), Kind.VIDEO: Work(3, 6.0, 9000)}, seconds=40)
    assert pace_of(warehouse).work[Kind.VIDEO] == Work(3, 6.0 + (40 - 16 - 4), 9000)
    assert pace_of(warehouse).starts == Work(1, 4.0)


def test_the_engine_that_a_run_asked_for(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "scans", {"engine": "tesseract"}, NOW)
        start_run(connection, "run-2", "scans", {}, NOW)
        assert engine_of_run(connection, "run-1") == "tesseract"
        assert engine_of_run(connection, "run-2") is None
        assert engine_of_run(connection, "never") is None


def fetched(number: int, letter: str, kind: Kind, outcome: FetchOutcome, parts: int = 1) -> FetchedItem:
    item = BatchItem(item_no=number, ref=ref(), estimated_pages=1, estimated_seconds=1, parts=parts)
    content = Content(sha256=letter * 64, bytes=1000, mime="x/y", kind=kind, path="/c")
    return FetchedItem(item=item, outcome=outcome, content=content)


def test_a_batch_measures_its_pages_by_the_kind_of_their_media(tmp_path: Path) -> None:
    area = BatchArea(tmp_path / "0000")
    items = [
        fetched(0, "a", Kind.IMAGE, FetchOutcome.READ),
        fetched(1, "b", Kind.PDF, FetchOutcome.READ, parts=4),
        fetched(2, "c", Kind.VIDEO, FetchOutcome.READ),  # no text in it
        fetched(3, "d", Kind.IMAGE, FetchOutcome.UNCHANGED),
    ]
    write_records(area.fetched, items, FetchedItem)
    pages = [page(1, "a", milliseconds=1500), *(page(n, "b", milliseconds=100) for n in range(1, 101))]
    write_pages(area.pages, pages)
    works = works_of(area)
    assert works[Kind.IMAGE] == Work(1, 1.5, 1000)
    assert works[Kind.PDF] == Work(100, pytest.approx(10.0), 250)
    assert works[Kind.VIDEO] == Work(0, 0, 1000)


def test_a_batch_without_anything_to_read_needs_no_pages(tmp_path: Path) -> None:
    area = BatchArea(tmp_path / "0000")
    write_records(area.fetched, [fetched(0, "a", Kind.IMAGE, FetchOutcome.UNCHANGED)], FetchedItem)
    assert works_of(area) == {}

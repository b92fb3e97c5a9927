"""The plan of a run: batches in the staging area, and their estimates in the books."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from warehouse_records import NOW

from textmill.errors import SourceError
from textmill.pace import Work
from textmill.records import BatchItem, Kind, MediaRef, ReadingProfile, SourceKind, SourceSpec
from textmill.run_wishes import RunWishes
from textmill.settings import Settings
from textmill.stages.plan import plan, read_estimate
from textmill.staging import BatchArea, Staging, read_records, write_records
from textmill.warehouse.pacing import note_pace
from textmill.warehouse.runs import start_run
from textmill.warehouse.tables import ingest_batch, ingest_run

SCANS = SourceSpec(name="scans", kind=SourceKind.FOLDER, location="file:///in")
LETTERS = SourceSpec(
    name="letters", kind=SourceKind.MANIFEST, location="file:///l.csv", engine="tesseract", languages=("fr",)
)


def refs(count: int = 300) -> list[MediaRef]:
    """Two pictures of `scans` for each URL of `letters`, and a book of 1,000 pages."""
    found = [
        MediaRef(uri=f"https://example.org/{number}.png", source="letters", tags=("a",))
        if number % 3 == 0
        else MediaRef(uri=f"file:///in/{number}.png", source="scans", bytes=5, modified_ns=number)
        for number in range(count)
    ]
    return [*found, MediaRef(uri="file:///in/book.pdf", source="scans", bytes=60_000_000, modified_ns=1)]


def settings(tmp_path: Path, **changes: Any) -> Settings:
    return Settings(staging_dir=tmp_path, ocr_slots=2, max_batches=20, part_seconds=600, **changes)


def play(
    warehouse: Engine,
    tmp_path: Path,
    found: list[MediaRef],
    *,
    engine: str = "auto",
    dry_run: bool = False,
    batch_seconds: float = 100,
    **changes: Any,
) -> list[str]:
    staging = Staging(tmp_path)
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "scans", {"engine": engine}, NOW)
    write_records(staging.run("run-1").sources, [SCANS, LETTERS], SourceSpec)
    write_records(staging.run("run-1").discovered, found, MediaRef)
    return plan(
        warehouse,
        staging,
        settings(tmp_path, **changes),
        run_id="run-1",
        batch_seconds=batch_seconds,
        wishes=RunWishes(dry_run=dry_run),
    )


def items_of(uri: str) -> list[BatchItem]:
    return list(read_records(BatchArea.at(uri).items, BatchItem))


def books(warehouse: Engine) -> list[tuple[int, int, float]]:
    columns = (ingest_batch.c.batch_no, ingest_batch.c.media_total, ingest_batch.c.estimated_seconds)
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(columns[0]))]


def estimated_seconds(warehouse: Engine) -> float:
    with warehouse.connect() as connection:
        seconds: float = connection.execute(select(ingest_run.c.estimated_seconds)).scalar_one()
        return seconds


def test_batches_are_written_and_booked(warehouse: Engine, tmp_path: Path) -> None:
    uris = play(warehouse, tmp_path, refs())
    assert [BatchArea.at(uri).batch_no for uri in uris] == list(range(len(uris)))
    batches = [items_of(uri) for uri in uris]
    for batch in batches:
        assert [item.item_no for item in batch] == list(range(len(batch)))
    assert books(warehouse) == [
        (
            number,
            sum(item.part == 0 for item in batch),
            pytest.approx(sum(item.estimated_seconds for item in batch), abs=0.1),
        )
        for number, batch in enumerate(batches)
    ]
    assert sum(total for _, total, _ in books(warehouse)) == 301
    assert estimated_seconds(warehouse) == pytest.approx(1300 * 1.5)
    planned = {item.ref.uri: item.ref for batch in batches for item in batch}
    assert planned == {ref.uri: ref for ref in refs()}


def test_the_parts_of_a_long_medium_are_items_of_different_batches(warehouse: Engine, tmp_path: Path) -> None:
    parts = [
        (number, item)
        for number, uri in enumerate(play(warehouse, tmp_path, refs()))
        for item in items_of(uri)
        if item.parts > 1
    ]
    assert {item.ref.uri for _, item in parts} == {"file:///in/book.pdf"}
    assert [item.part for _, item in parts] == list(range(5))  # a quarter of the most batches
    assert {item.parts for _, item in parts} == {5}
    assert len({number for number, _ in parts}) == 5
    assert sum(item.estimated_pages for _, item in parts) == 1000


def test_each_batch_says_how_it_is_to_be_read(warehouse: Engine, tmp_path: Path) -> None:
    for uri in play(warehouse, tmp_path, refs()):
        area = BatchArea.at(uri)
        profile = ReadingProfile.model_validate_json(area.profile.read_text(encoding="utf-8"))
        expected = {
            "scans": ReadingProfile(),
            "letters": ReadingProfile(engine="tesseract", languages=("fr",)),
        }
        assert {expected[item.ref.source] for item in items_of(uri)} == {profile}


def test_more_batches_than_files_may_be_open_are_written_in_turns(
    warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textmill.stages.plan._FILES_AT_ONCE", 3)
    uris = play(warehouse, tmp_path, refs())
    assert len(uris) > 6
    assert {item.ref.uri for uri in uris for item in items_of(uri)} == {ref.uri for ref in refs()}


def test_nothing_to_read_makes_no_batch(warehouse: Engine, tmp_path: Path) -> None:
    assert play(warehouse, tmp_path, []) == []
    assert (books(warehouse), estimated_seconds(warehouse)) == ([], 0)


def test_a_dry_run_leaves_an_estimate_and_nothing_else(warehouse: Engine, tmp_path: Path) -> None:
    uris = play(warehouse, tmp_path, refs())
    run = Staging(tmp_path).run("run-1")
    real = read_estimate(run)
    assert real is not None
    assert (real.media, real.pages, real.batches, real.slots) == (301, 1300, len(uris), 2)
    assert real.seconds == pytest.approx(1950)
    assert 975 <= real.wall_seconds <= 975 * 4 / 3 + 2 * len(uris)
    assert play(warehouse, tmp_path, refs(), dry_run=True) == []
    assert read_estimate(run) == real
    assert not run.batches.exists()
    assert books(warehouse) == []
    assert estimated_seconds(warehouse) == pytest.approx(1950)


def test_a_run_that_is_not_planned_has_no_estimate(tmp_path: Path) -> None:
    assert read_estimate(Staging(tmp_path).run("run-1")) is None


@pytest.mark.parametrize("engine", ["auto", "paddle"])
def test_the_measured_pace_replaces_the_assumed_one(warehouse: Engine, tmp_path: Path, engine: str) -> None:
    works = {Kind.IMAGE: Work(10**6, 10**5, 0), Kind.PDF: Work(10**6, 10**5, 10**6 * 30_000)}
    with warehouse.begin() as connection:
        note_pace(connection, "gpu:0", "paddle", works, NOW)
        note_pace(connection, "cpu", "tesseract", {Kind.IMAGE: Work(10**6, 10**6, 0)}, NOW)
    uris = play(warehouse, tmp_path, refs(), engine=engine)
    by_source = {item.ref.source: item.estimated_seconds for uri in uris for item in items_of(uri)}
    assert by_source["letters"] == pytest.approx(1.0, rel=0.01)  # by tesseract, as its source says
    assert estimated_seconds(warehouse) == pytest.approx(200 * 0.1 + 2000 * 0.1 + 100 * 1.0, rel=0.01)
    estimate = read_estimate(Staging(tmp_path).run("run-1"))
    assert estimate is not None and estimate.devices == ("cpu", "gpu:0")


def test_planning_anew_leaves_nothing_of_the_plan_before(warehouse: Engine, tmp_path: Path) -> None:
    first = play(warehouse, tmp_path, refs(), batch_seconds=50)
    again = play(warehouse, tmp_path, refs()[:20], batch_seconds=500)
    assert len(again) < len(first)
    assert [uri for uri in first if BatchArea.at(uri).folder.exists()] == again


def test_more_ways_to_read_than_there_can_be_batches_for(warehouse: Engine, tmp_path: Path) -> None:
    many = [
        MediaRef(uri=f"https://example.org/{number}.png", source="letters", languages=(f"l{number}",))
        for number in range(7)
    ]
    with pytest.raises(SourceError, match="TEXTMILL_MAX_BATCHES"):
        play(warehouse, tmp_path, many)

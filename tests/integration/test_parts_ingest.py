"""A long document in parts through the real stages: fetching, OCR processes, the gate, the warehouse."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from textmill import settings
from textmill.access import NoConnections
from textmill.errors import CannotRead
from textmill.records import BatchItem, MediaRef, OcrRequest, ReadingProfile
from textmill.run_wishes import Reread, RunWishes
from textmill.stages.discover import discover
from textmill.stages.fetch import fetch
from textmill.stages.load import load
from textmill.stages.plan import plan
from textmill.stages.report import report
from textmill.stages.validate import validate
from textmill.staging import BatchArea, Staging, read_records, write_records, write_text
from textmill.warehouse.connection import utc_now
from textmill.warehouse.runs import note_discovery, plan_run, start_run
from textmill_airflow.reader_fingerprints import FingerprintsOfReaders

WISHES = {
    "engine": "misbehaving_engines:steady",
    "languages": ["en"],
    "dpi": 72,
    "preprocessing": "none",
    "second_opinion": "off",
    "text_layer": "never",
}


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


def plan_parts(warehouse: Engine, staging: Staging, document: Path, parts: int) -> list[BatchArea]:
    """Plan a run called `run` that reads a document in parts."""
    with warehouse.begin() as connection:
        start_run(connection, "run", document.parent.as_uri(), {}, utc_now())
        note_discovery(connection, "run", found=1, unchanged=0)
        plan_run(connection, "run", [(int(part == 0), 1.0) for part in range(parts)])
    areas = []
    for part in range(parts):
        area = staging.run("run").batch(part)
        ref = MediaRef(uri=document.as_uri(), source="in", bytes=1, modified_ns=1)
        item = BatchItem(item_no=0, ref=ref, estimated_pages=1, estimated_seconds=1, part=part, parts=parts)
        write_records(area.items, [item], BatchItem)
        areas.append(area)
    write_records(staging.run("run").discovered, [ref], MediaRef)
    return areas


pytestmark = pytest.mark.usefixtures("agreement")


def play(warehouse: Engine, staging: Staging, area: BatchArea, wishes: dict[str, Any]) -> None:
    from textmill_airflow.operators.ocr_batch import OcrBatchOperator

    fetch(
        warehouse,
        staging,
        settings.load(),
        run_id="run",
        batch_uri=area.uri,
        reread=Reread.NOTHING,
        connections=NoConnections(),
    )
    operator = OcrBatchOperator(task_id="ocr", batch_uri=area.uri, wishes=wishes)
    operator.execute({"run_id": "run"})  # type: ignore[typeddict-item]
    validate(warehouse, staging, settings.load(), run_id="run", batch_uri=area.uri)
    load(warehouse, staging, run_id="run", batch_uri=area.uri)


def test_a_document_in_parts_is_loaded_as_a_whole(
    warehouse: Engine, deployment: Path, samples: Path, tmp_path: Path
) -> None:
    document = tmp_path / "report.pdf"
    shutil.copy(samples / "report-bridge.pdf", document)
    staging = Staging(deployment)
    areas = plan_parts(warehouse, staging, document, 3)
    write_text(areas[2].profile, ReadingProfile(languages=("de", "en")).model_dump_json())
    for area in areas:
        assert rows(warehouse, "SELECT 1 FROM page") == []
        play(warehouse, staging, area, WISHES)
    pages = rows(warehouse, "SELECT page_no, text FROM v_page ORDER BY page_no")
    assert [(row.page_no, row.text.startswith(f"page {row.page_no} of")) for row in pages] == [
        (number, True) for number in range(1, 6)
    ]
    assert rows(warehouse, "SELECT status, page_count FROM v_document") == [("loaded", 5)]
    assert rows(warehouse, "SELECT pages_done, pages_total FROM ingest_batch") == [(1, 1), (2, 2), (2, 2)]
    assert rows(warehouse, "SELECT COUNT(*) FROM quality_result WHERE success = 0") == [(0,)]
    summary = report(warehouse, staging, run_id="run")
    assert (summary.state, summary.media_found, summary.media_loaded) == ("success", 1, 1)
    assert summary.pages_loaded == 5

    (asked,) = {OcrRequest.model_validate_json(area.request.read_text()).languages for area in areas[:2]}
    assert asked == ("en",)
    assert OcrRequest.model_validate_json(areas[2].request.read_text()).languages == ("de", "en")
    books = rows(warehouse, "SELECT DISTINCT engine, device FROM ingest_batch")
    assert [row.engine for row in books] == ["steady"]
    assert books[0].device.startswith("cpu: ") and books[0].device.endswith("1 thread")


def test_what_another_engine_read_is_read_again_and_nothing_else(
    warehouse: Engine, deployment: Path, samples: Path, tmp_path: Path
) -> None:
    folder, staging = tmp_path / "in", Staging(deployment)
    folder.mkdir()
    shutil.copy(samples / "table-ferry.png", folder / "picture.png")
    shutil.copy(samples / "report-bridge.pdf", folder / "written.pdf")
    (folder / "note.txt").write_text("The ferry leaves at seven.\n")

    def looked_at(wishes: dict[str, Any]) -> tuple[list[str], BatchArea, FingerprintsOfReaders]:
        """What a run that reads again what another engine read looks at, in its only batch."""
        ask = FingerprintsOfReaders(settings.load(), wishes)
        run: dict[str, Any] = {"run_id": "run", "wishes": RunWishes(reread=Reread.OTHER_ENGINE)}
        names: dict[str, Any] = {"source": str(folder), "schedule": "nightly", "params": {}}
        discover(
            warehouse,
            staging,
            settings.load(),
            **run,
            **names,
            connections=NoConnections(),
            fingerprints_of=ask,
        )
        refs = list(read_records(staging.run("run").discovered, MediaRef))
        uris = plan(warehouse, staging, settings.load(), **run, batch_seconds=1000)
        return sorted(Path(ref.uri).name for ref in refs), BatchArea.at((uris or [""])[0]), ask

    wishes = WISHES | {"text_layer": "auto"}
    everything, area, _ = looked_at(wishes)
    assert everything == ["note.txt", "picture.png", "written.pdf"]
    play(warehouse, staging, area, wishes)
    sources = rows(warehouse, "SELECT DISTINCT text_source FROM v_page ORDER BY text_source")
    assert [row.text_source for row in sources] == ["ocr", "text_file", "text_layer"]

    assert looked_at(wishes)[0] == []
    names, area, ask = looked_at(wishes | {"preprocessing": "auto"})
    assert names == ["picture.png"]
    # What comes to fetching for another reason, such as a new place of a file, is not read again either.
    items = [
        BatchItem(
            item_no=number,
            ref=MediaRef(uri=path.as_uri(), source="in", bytes=1, modified_ns=1),
            estimated_pages=1,
            estimated_seconds=1,
        )
        for number, path in enumerate(sorted(folder.iterdir()))
    ]
    write_records(area.items, items, BatchItem)
    tally = fetch(
        warehouse,
        staging,
        settings.load(),
        run_id="run",
        batch_uri=area.uri,
        reread=Reread.OTHER_ENGINE,
        connections=NoConnections(),
        fingerprints_of=ask,
    )
    assert (tally.to_read, tally.unchanged) == (1, 2)


def test_nobody_can_tell_what_an_engine_read_that_is_none(deployment: Path) -> None:
    ask = FingerprintsOfReaders(settings.load(), {**WISHES, "engine": "paddel"})
    with pytest.raises(CannotRead, match="There is no engine called 'paddel'"):
        ask(ReadingProfile())

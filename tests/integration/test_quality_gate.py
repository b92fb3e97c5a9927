"""The quality gate through the real stages and the DAG: batches that fail, reports, object stores."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, text

from textmill import settings
from textmill.errors import TooManyQuarantined
from textmill.quality.data_docs_site import batch_page, run_page
from textmill.records import (
    BatchItem,
    Content,
    FetchedItem,
    FetchOutcome,
    Kind,
    LineRecord,
    MediaRef,
    MediumDone,
    MediumOpened,
    OcrRequest,
    PageRead,
    PageRecord,
)
from textmill.stages.load import load
from textmill.stages.report import close_books
from textmill.stages.validate import validate
from textmill.staging import BatchArea, Staging, write_records, write_text

if TYPE_CHECKING:
    from conftest import Ingest

RUN = "manual__2026-11-24T12:00:00+00:00"
SHA256 = "a" * 64


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


def read_batch(warehouse: Engine, staging: Staging, good: int, empty: int) -> BatchArea:
    """Stage a batch, as reading leaves it, with a document of good pages and then of empty ones."""
    from textmill.checkpoint import Checkpoint
    from textmill.page_table import write_pages
    from textmill.warehouse.claims import register
    from textmill.warehouse.connection import utc_now
    from textmill.warehouse.runs import note_discovery, plan_run, start_run

    area = staging.run(RUN).batch(0)
    count = good + empty
    content = Content(sha256=SHA256, bytes=1, mime="application/pdf", kind=Kind.PDF, path="none")
    ref = MediaRef(uri="file:///in/<b>minutes.pdf", source="in", bytes=1, modified_ns=1)
    item = BatchItem(item_no=0, ref=ref, estimated_pages=count, estimated_seconds=1)
    fetched = FetchedItem(item=item, outcome=FetchOutcome.READ, content=content)
    with warehouse.begin() as connection:
        start_run(connection, RUN, "file:///in", {}, utc_now())
        note_discovery(connection, RUN, found=1, unchanged=0)
        plan_run(connection, RUN, [(1, 1.0)])
        register(connection, content, utc_now())
    write_records(area.items, [item], BatchItem)
    write_records(area.fetched, [fetched], FetchedItem)
    write_text(area.request, OcrRequest(engine="auto", languages=("en",), dpi=200).model_dump_json())
    pages = [page(number, is_empty=number > good) for number in range(1, count + 1)]
    with Checkpoint(area.checkpoint, "steady-1") as checkpoint:
        checkpoint.append(MediumOpened(sha256=SHA256, page_count=count))
        for one in pages:
            checkpoint.append(PageRead(page=one))
        checkpoint.append(MediumDone(sha256=SHA256))
    write_pages(area.pages, pages)
    return area


def page(number: int, *, is_empty: bool) -> PageRecord:
    said = "" if is_empty else f"The minutes of meeting {number} were read and approved without a vote."
    outline = ((10.0, 10.0), (90.0, 10.0), (90.0, 20.0), (10.0, 20.0))
    line = LineRecord(line_no=1, text=said, confidence=0.95, polygon=outline)
    return PageRecord(
        sha256=SHA256,
        page_no=number,
        text=said,
        confidence=None if is_empty else 0.95,
        confidence_low=None if is_empty else 0.95,
        low_line_share=None if is_empty else 0.0,
        width=100,
        height=200,
        dpi=200,
        rotation=0,
        ink=0.05,
        text_source="ocr",
        engine="steady",
        model="none",
        fingerprint="steady-1",
        milliseconds=1,
        lines=() if is_empty else (line,),
    )


def judge(warehouse: Engine, staging: Staging, area: BatchArea, **changes: Any) -> Any:
    connections = changes.pop("connections", None)
    return validate(
        warehouse,
        staging,
        settings.load().model_copy(update=changes),
        run_id=RUN,
        batch_uri=area.uri,
        connections=connections,
    )


def test_an_unfit_batch_fails_once_its_good_pages_are_loaded(warehouse: Engine, deployment: Path) -> None:
    staging = Staging(deployment)
    area = read_batch(warehouse, staging, good=9, empty=11)
    tally = judge(warehouse, staging, area)
    assert (tally.accepted, tally.quarantined) == (9, 11)
    words = r"Batch 0 is unfit: the quality gate quarantined 11 of its 20 pages \(55 %; limit 50 %"
    for _ in range(2):  # loading it again changes nothing, nor does it make it good
        with pytest.raises(TooManyQuarantined, match=words):
            load(warehouse, staging, run_id=RUN, batch_uri=area.uri)
        assert rows(warehouse, "SELECT COUNT(*) FROM v_page") == [(9,)]
        assert rows(warehouse, "SELECT reason, COUNT(*) FROM v_quarantine GROUP BY reason") == [
            ("no_text", 11)
        ]
    (problem,) = close_books(warehouse, staging, RUN)
    assert problem.startswith("batch 0 (loaded): the quality gate quarantined 11 of its 20 pages")
    assert "most of them because there is ink on the page but no text was found (no_text)" in problem
    ((state, told, loaded),) = rows(warehouse, "SELECT state, problem, pages_loaded FROM v_run")
    assert (state, told, loaded) == ("failed", problem, 9)

    judge(warehouse, staging, area, quality_batch_share=0.6)  # cleared, after the setting was changed
    load(warehouse, staging, run_id=RUN, batch_uri=area.uri)
    assert close_books(warehouse, staging, RUN) == ()
    assert rows(warehouse, "SELECT state, problem FROM v_run") == [("success", None)]


def test_of_an_unfit_batch_that_is_held_nothing_is_loaded_until_it_is_cleared(
    warehouse: Engine, deployment: Path
) -> None:
    staging = Staging(deployment)
    area = read_batch(warehouse, staging, good=9, empty=11)
    with pytest.raises(TooManyQuarantined, match="its good pages are held back"):
        judge(warehouse, staging, area, quality_batch_good_pages="hold")
    assert rows(warehouse, "SELECT state FROM ingest_batch") == [("held",)]
    # What the gate found is there to be looked at.
    assert rows(warehouse, "SELECT unexpected_count FROM quality_result WHERE success = 0") == [(11,)]
    assert "This batch failed" in (deployment / "data_docs" / batch_page(RUN, 0)).read_text()
    (problem,) = close_books(warehouse, staging, RUN)
    assert problem.startswith("batch 0 (held): the quality gate quarantined 11 of its 20 pages (55 %;")
    assert rows(warehouse, "SELECT * FROM v_page") == rows(warehouse, "SELECT * FROM v_quarantine") == []

    judge(warehouse, staging, area, quality_batch_good_pages="load")
    with pytest.raises(TooManyQuarantined):
        load(warehouse, staging, run_id=RUN, batch_uri=area.uri)
    assert rows(warehouse, "SELECT COUNT(*) FROM v_page") == [(9,)]
    judge(warehouse, staging, area, quality_batch_good_pages="hold", quality_batch_pages=50)
    load(warehouse, staging, run_id=RUN, batch_uri=area.uri)
    assert close_books(warehouse, staging, RUN) == ()


def test_a_run_with_an_unfit_batch_fails_in_airflow_at_the_first_attempt(
    warehouse: Engine, ingest: Ingest, deployment: Path, samples: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    from airflow.utils.state import DagRunState, TaskInstanceState

    monkeypatch.setenv("TEXTMILL_QUALITY_BATCH_PAGES", "1")
    monkeypatch.setenv("TEXTMILL_QUALITY_BATCH_GOOD_PAGES", "hold")
    source = tmp_path / "in"
    source.mkdir()
    shutil.copy(samples / "table-ferry.png", source / "table.png")
    run = ingest(source, engine="misbehaving_engines:mute", second_opinion="off", preprocessing="none")
    assert run.state == DagRunState.FAILED
    tasks = {task.task_id: task for task in run.get_task_instances()}
    assert tasks["batch.validate"].state == TaskInstanceState.FAILED
    assert tasks["batch.validate"].try_number == 1
    assert tasks["batch.load"].state == TaskInstanceState.UPSTREAM_FAILED
    ((problem,),) = rows(warehouse, "SELECT problem FROM v_run")
    assert problem.startswith("batch 0 (held): the quality gate quarantined 1 of its 1 pages (100 %;")
    index = (deployment / "data_docs" / run_page(str(run.run_id))).read_text()
    assert "no_text (1)" in index


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket `reports` in an S3 that the connection `textmill_reports` leads to."""
    from s3_server import connection, make_bucket, running_s3

    from textmill_airflow.connections import AirflowConnections

    with running_s3() as endpoint:
        monkeypatch.setenv("AIRFLOW_CONN_TEXTMILL_REPORTS", connection(endpoint))
        filesystem = AirflowConnections().filesystem("s3://reports", "textmill_reports")
        make_bucket(filesystem, "reports")
        yield filesystem


def test_reports_are_published_to_an_object_store(
    warehouse: Engine, deployment: Path, bucket: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from textmill_airflow.connections import AirflowConnections

    staging = Staging(deployment)
    area = read_batch(warehouse, staging, good=1, empty=1)
    place: dict[str, Any] = {
        "data_docs": "s3://reports/the gate",
        "data_docs_connection": "textmill_reports",
        "connections": AirflowConnections(),
    }
    for _ in range(2):
        tally = judge(warehouse, staging, area, **place)
        assert tally.report == f"s3://reports/the gate/{batch_page(RUN, 0)}"
    folder = f"reports/the gate/{run_page(RUN).parent}"
    assert sorted(name.rpartition("/")[2] for name in bucket.find(folder)) == [
        "batch-0000.html",
        "index.html",
    ]
    page = bucket.cat_file(f"{folder}/batch-0000.html").decode()
    assert "&lt;b&gt;minutes.pdf, page 2" in page
    assert bucket.info(f"{folder}/index.html")["ContentType"] == "text/html"

    # A report is for people: without it the batch goes on.
    tally = judge(warehouse, staging, area, **place | {"data_docs": "s3://no-such-bucket/x"})
    assert (tally.accepted, tally.quarantined, tally.report) == (1, 1, None)
    assert "could not be published to s3://no-such-bucket/x (TEXTMILL_DATA_DOCS)" in caplog.text

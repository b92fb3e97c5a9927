"""The queries to start from answer with rows where there is something to be found."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from warehouse_records import CORNERS, content, page, ref

from textmill.errors import DamagedPdf
from textmill.records import ExpectationResult, Kind, LineRecord, PageRecord, Rejection, Stage
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location
from textmill.warehouse.migrate import SQL
from textmill.warehouse.runs import (
    finish_run,
    note_batch,
    plan_run,
    run_key,
    start_run,
    store_quality_results,
)
from textmill.warehouse.words import keep_vocabulary

EXAMPLES = sorted((SQL / "examples").glob("*.sql"))
RUN = "run-1"
LETTER = "The town council asks who repairs the footbridge at the harbour."
RESULT = ExpectationResult(
    check="low_confidence",
    severity="warning",
    expectation="expect_column_values_to_be_between",
    column="low_confidence",
    observed="1 of 2 pages",
    element_count=2,
    unexpected_count=1,
    success=False,
)


def statements(example: Path) -> list[str]:
    """The statements of a file, without its comments."""
    lines = example.read_text(encoding="utf-8").splitlines()
    code = "\n".join(line for line in lines if not line.startswith("--"))
    return [one.strip() for one in code.split(";") if one.strip()]


def load(connection: Connection, letter: str, name: str, pages: list[PageRecord], kind: Kind) -> None:
    now = utc_now()
    found = content(letter).model_copy(update={"kind": kind})
    registered = claim(connection, found, Claimant(RUN, 0, False, 1.0), now)
    note_location(connection, ref(name), media_id=registered.media_id, refused=False, now=now)
    broken = Rejection.of(
        DamagedPdf(f"{name}, page 9 cannot be drawn."),
        uri=ref(name).uri,
        sha256=letter * 64,
        stage=Stage.OCR,
        page_no=9,
    )
    rejections = [broken] if kind is Kind.PDF else []
    result = MediumResult(ref(name).uri, letter * 64, len(pages), pages, rejections)
    load_medium(connection, result, ingest_run_id=run_key(connection, RUN), batch_no=0, now=now)


@pytest.fixture
def archive(warehouse: Engine) -> Engine:
    """A warehouse with a letter, a doubtful page and a video, loaded by a run that is over."""
    began = utc_now() - timedelta(minutes=1)
    cue = LineRecord(line_no=1, text="Welcome", confidence=0.9, polygon=CORNERS, start_ms=0, end_ms=900)
    doubtful: dict[str, Any] = {"confidence_low": 0.2, "warnings": ("low_confidence",)}

    def work(connection: Connection) -> None:
        start_run(connection, RUN, "file:///in", {"engine": "paddle"}, began)
        plan_run(connection, RUN, [(3, 30.0)])
        load(connection, "a", "a.pdf", [page(1, text=LETTER), page(2, **doubtful)], Kind.PDF)
        load(connection, "b", "b.mp4", [page(1, "b", lines=(cue,), start_ms=0, end_ms=900)], Kind.VIDEO)
        store_quality_results(connection, RUN, 0, [RESULT], utc_now())
        note_batch(
            connection,
            RUN,
            0,
            state="loaded",
            engine="paddle",
            device="cpu",
            media_loaded=2,
            pages_done=3,
            pages_loaded=3,
            pages_warned=1,
            confidence_sum=2.7,
            pages_with_text=3,
            ocr_started_at=began,
            ocr_finished_at=utc_now(),
            loaded_at=utc_now(),
        )
        finish_run(connection, RUN, utc_now())

    in_transaction(warehouse, work)
    keep_vocabulary(warehouse, [LETTER])
    return warehouse


def test_there_are_enough_of_them() -> None:
    assert len(EXAMPLES) >= 15


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_answers(archive: Engine, example: Path) -> None:
    assert example.read_text(encoding="utf-8").startswith("-- "), "it says what it is for"
    with archive.connect() as connection:
        answers = [connection.exec_driver_sql(one.replace("%", "%%")) for one in statements(example)]
        rows = answers[-1].all()
    assert rows


def test_the_search_that_forgives_finds_what_was_asked_for_with_an_error(archive: Engine) -> None:
    (example,) = (one for one in EXAMPLES if "forgives" in one.stem)
    with archive.connect() as connection:
        *settings, search = statements(example)
        for one in settings:
            connection.exec_driver_sql(one)
        (row,) = connection.exec_driver_sql(search).mappings().all()
    assert "footbridge" in row["hit"]

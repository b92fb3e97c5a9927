"""Lines keep who read them, what another engine read, and when they were seen."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text
from warehouse_records import CORNERS, NOW, content, page, ref

from textmill.records import LineRecord, OtherReading
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


@pytest.fixture
def loaded(warehouse: Engine, ingest_run_id: int) -> Engine:
    """A medium of two pages: one with a line in doubt, one from a video."""
    doubtful = LineRecord(
        line_no=1,
        text="Total 4.50",
        confidence=0.7,
        polygon=CORNERS,
        engine="tesseract",
        other=OtherReading(engine="paddle", text="Tota1 4.5O", confidence=0.4),
    )
    certain = LineRecord(line_no=2, text="Thank you", confidence=0.99, polygon=CORNERS)
    seen = LineRecord(
        line_no=1, text="Chapter one", confidence=0.95, polygon=CORNERS, start_ms=500, end_ms=2500
    )
    pages = [
        page(1, lines=(doubtful, certain), low_line_share=0.5, preprocessing="deskewed 1.3°"),
        page(2, lines=(seen,), low_line_share=0.0, start_ms=500, end_ms=2500),
    ]

    def work(connection: Any) -> None:
        registered = claim(connection, content(), Claimant("run-1", 0, False, 1.0), NOW)
        note_location(connection, ref(), media_id=registered.media_id, refused=False, now=NOW)
        result = MediumResult(ref().uri, "a" * 64, 2, pages, [], duration_ms=9000)
        load_medium(connection, result, ingest_run_id=ingest_run_id, batch_no=0, now=NOW)

    in_transaction(warehouse, work)
    return warehouse


def test_a_line_in_doubt_shows_both_readings(loaded: Engine) -> None:
    first, second, _ = rows(loaded, "SELECT * FROM v_line ORDER BY page_no, line_no")
    assert (first.text, first.engine) == ("Total 4.50", "tesseract")
    assert (first.other_text, first.other_engine, first.other_confidence) == ("Tota1 4.5O", "paddle", 0.4)
    assert (second.engine, second.other_engine) == ("paddle", None)


def test_a_line_of_a_video_has_its_time(loaded: Engine) -> None:
    (line,) = rows(loaded, "SELECT start_ms, end_ms FROM v_line WHERE page_no = 2")
    assert tuple(line) == (500, 2500)
    assert rows(loaded, "SELECT duration_ms FROM v_document") == [(9000,)]


def test_pages_and_documents_say_how_far_to_trust_them(loaded: Engine) -> None:
    (first, _) = rows(loaded, "SELECT * FROM v_page ORDER BY page_no")
    assert (first.low_line_share, first.preprocessing) == (0.5, "deskewed 1.3°")
    (document,) = rows(loaded, "SELECT * FROM v_document")
    assert document.confidence_low == 0.7
    assert document.low_line_share == pytest.approx(1 / 3)

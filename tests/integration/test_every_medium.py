"""One folder with every kind of medium goes through the whole DAG, with every engine that can be chosen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.utils.state import DagRunState
from sqlalchemy import Engine, text

Ingest = Callable[..., Any]

MEDIA = (
    "notes-tides.txt",
    "page-bread.html",
    "letter-clerk.rtf",
    "parcel-regatta.zip",
    "talk-harbour.mp4",
    "invoice-studio.pdf",
    "memo-moving.png",
)


@pytest.fixture
def source(tmp_path: Path, samples: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in MEDIA:
        shutil.copy(samples / name, folder / name)
    return folder


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


def by_name(found: list[Any]) -> dict[str, Any]:
    return {row.uri.rpartition("/")[2]: row for row in found}


def test_whatever_lies_in_a_folder_becomes_text(warehouse: Engine, ingest: Ingest, source: Path) -> None:
    assert ingest(source).state == DagRunState.SUCCESS
    assert rows(warehouse, "SELECT message FROM v_quarantine") == []

    documents = by_name(rows(warehouse, "SELECT * FROM v_document"))
    assert {name: document.kind for name, document in documents.items()} == {
        "notes-tides.txt": "text",
        "page-bread.html": "text",
        "letter-clerk.rtf": "text",
        "parcel-regatta.zip": "archive",
        "parcel-regatta.zip!results.csv": "text",
        "notice.png": "image",
        "talk-harbour.mp4": "video",
        "invoice-studio.pdf": "pdf",
        "memo-moving.png": "image",
    }
    assert {document.status for document in documents.values()} == {"loaded"}
    assert "as Zoë remarked" in documents["notes-tides.txt"].text
    assert "Crème fraîche\t40" in documents["page-bread.html"].text
    assert "Do not print" not in documents["page-bread.html"].text
    assert "Renée Whitcombe" in documents["letter-clerk.rtf"].text
    assert "Regatta postponed" in documents["notice.png"].text

    pages = rows(warehouse, "SELECT uri, text_source, engine FROM v_page")
    assert {(page.uri.rpartition(".")[2], page.text_source, page.engine) for page in pages} == {
        ("txt", "text_file", "text"),
        ("html", "text_file", "html"),
        ("rtf", "text_file", "rtf"),
        ("csv", "text_file", "text"),
        ("pdf", "text_layer", "pdfium"),
        ("png", "ocr", "paddle"),
        ("mp4", "ocr", "paddle"),
    }


def test_a_talk_can_be_followed_cue_by_cue(warehouse: Engine, ingest: Ingest, source: Path) -> None:
    assert ingest(source / "talk-harbour.mp4").state == DagRunState.SUCCESS
    (document,) = rows(warehouse, "SELECT page_count, duration_ms FROM v_document")
    assert document.page_count == 2
    assert document.duration_ms == pytest.approx(20_000, abs=200)
    cues = rows(warehouse, "SELECT * FROM v_video_text ORDER BY cue_no")
    assert [cue.cue_no for cue in cues] == list(range(1, len(cues) + 1))
    spoken = "\n".join(cue.text for cue in cues)
    assert spoken.count("Forty crates arrived without a catalogue") == 1
    (late,) = [cue for cue in cues if "Dates are written in three calendars" in cue.text]
    assert late.start_ms == pytest.approx(15_000, abs=1500)
    assert late.start_time.startswith("00:00:1")


@pytest.mark.parametrize(("engine", "read_by"), [("auto", "paddle"), ("tesseract", "tesseract")])
def test_the_engine_is_the_one_that_was_chosen(
    warehouse: Engine, ingest: Ingest, source: Path, engine: str, read_by: str
) -> None:
    assert ingest(source / "memo-moving.png", engine=engine).state == DagRunState.SUCCESS
    (page,) = rows(warehouse, "SELECT engine, text, confidence FROM v_page")
    assert page.engine == read_by
    assert "Memorandum" in page.text
    assert page.confidence > 0.8


def test_what_cannot_be_done_as_asked_is_not_tried_again(
    ingest: Ingest, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    done = ingest(source / "memo-moving.png", engine="tesseract", languages=["tlh"])
    assert done.state == DagRunState.FAILED
    assert caplog.text.count("starting task_id=batch.ocr") == 1

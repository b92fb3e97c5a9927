"""The whole DAG, from files in a folder to rows in MariaDB."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.utils.state import DagRunState
from sqlalchemy import Engine, select, text

from textmill.access import NoConnections
from textmill.run_wishes import Reread, RunWishes
from textmill.warehouse import tables
from textmill.warehouse.reporting import run_summary

Ingest = Callable[..., Any]


@pytest.fixture
def source(tmp_path: Path, samples: Path) -> Path:
    """A folder with two pictures and a document of two pages."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("table-ferry.png", "memo-moving.png", "report-minutes.pdf"):
        shutil.copy(samples / name, folder / name)
    return folder


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


def facts(warehouse: Engine) -> dict[str, list[Any]]:
    """Everything that is known of media and pages, without the books of runs and `last_seen`."""
    with warehouse.connect() as connection:
        return {
            table.name: list(connection.execute(select(table)).all())
            for table in (tables.page, tables.line, tables.document, tables.quarantine)
        }


def test_text_arrives_and_a_second_run_changes_nothing(
    warehouse: Engine, ingest: Ingest, source: Path, deployment: Path
) -> None:
    assert ingest(source).state == DagRunState.SUCCESS
    documents = rows(warehouse, "SELECT * FROM v_document ORDER BY uri")
    assert [Path(document.uri).name for document in documents] == [
        "memo-moving.png",
        "report-minutes.pdf",
        "table-ferry.png",
    ]
    assert {document.status for document in documents} == {"loaded"}
    assert "Kilbrannan 06:15 09:40" in documents[2].text
    assert documents[1].page_count == 2
    # The share of lines to expect right, not the engine's own opinion: noisy scans are given less than 0.9.
    assert all(document.confidence > 0.85 for document in documents)
    assert not [path for path in (deployment / "content").rglob("*") if path.is_file()]

    before = facts(warehouse)
    assert ingest(source).state == DagRunState.SUCCESS
    assert facts(warehouse) == before
    runs = rows(warehouse, "SELECT media_found, media_loaded, media_unchanged FROM v_run ORDER BY started_at")
    assert runs == [(3, 3, 0), (3, 0, 3)]


def test_force_reads_again_and_loads_nothing_twice(warehouse: Engine, ingest: Ingest, source: Path) -> None:
    ingest(source)
    before = facts(warehouse)
    assert ingest(source, reread="everything").state == DagRunState.SUCCESS
    assert facts(warehouse) == before
    assert rows(warehouse, "SELECT media_loaded FROM v_run ORDER BY started_at") == [(3,), (3,)]


def test_broken_files_are_quarantined_with_a_sentence_and_the_rest_is_loaded(
    warehouse: Engine, ingest: Ingest, source: Path, samples: Path
) -> None:
    (source / "empty.pdf").write_bytes(b"")
    whole = (samples / "letter-council.jpg").read_bytes()
    (source / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (source / "head.pdf").write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    (source / "noise.png").write_bytes(random.Random(3).randbytes(20_000))
    (source / "locked.pdf").write_bytes(Path(__file__).with_name("locked.pdf").read_bytes())

    assert ingest(source).state == DagRunState.SUCCESS
    refused = rows(warehouse, "SELECT uri, reason, message, status, attempts FROM v_quarantine ORDER BY uri")
    assert {Path(row.uri).name: row.reason for row in refused} == {
        "empty.pdf": "empty_file",
        "half.jpg": "damaged_image",
        "head.pdf": "damaged_pdf",
        "locked.pdf": "password_protected",
        "noise.png": "unrecognised_content",
    }
    assert all(row.message.startswith(Path(row.uri).name) for row in refused)
    assert rows(warehouse, "SELECT COUNT(*) FROM v_document WHERE status = 'loaded'") == [(3,)]
    (books,) = rows(warehouse, "SELECT * FROM v_run")
    assert (books.media_found, books.media_loaded, books.media_quarantined) == (8, 3, 5)

    assert ingest(source).state == DagRunState.SUCCESS
    again = rows(warehouse, "SELECT media_unchanged, media_quarantined FROM v_run ORDER BY started_at DESC")
    assert again[0] == (8, 0)
    run_id = rows(warehouse, "SELECT run_id FROM v_run ORDER BY started_at DESC")[0].run_id
    assert run_summary(warehouse, run_id).open_entries == 5


def test_the_same_content_in_two_places_is_read_once(warehouse: Engine, ingest: Ingest, source: Path) -> None:
    (source / "copies").mkdir()
    for number in range(3):
        shutil.copy(source / "table-ferry.png", source / "copies" / f"{number}.png")
    assert ingest(source, batch_seconds=1).state == DagRunState.SUCCESS
    (books,) = rows(warehouse, "SELECT * FROM v_run")
    assert books.batches > 1
    assert (books.media_found, books.media_loaded, books.media_unchanged) == (6, 3, 3)
    assert rows(warehouse, "SELECT COUNT(*) FROM v_page") == [(4,)]
    assert rows(warehouse, "SELECT COUNT(*) FROM media_location") == [(6,)]


def test_a_changed_file_is_read_again(warehouse: Engine, ingest: Ingest, source: Path, samples: Path) -> None:
    ingest(source)
    shutil.copy(samples / "receipt-grocer.jpg", source / "memo-moving.png")
    ingest(source)
    latest = rows(warehouse, "SELECT media_loaded, media_unchanged FROM v_run ORDER BY started_at DESC")
    assert latest[0] == (1, 2)
    assert rows(warehouse, "SELECT COUNT(*) FROM v_document WHERE text LIKE '%GREENWAY GROCER%'") == [(1,)]


def test_a_mended_file_closes_its_quarantine_entry(
    warehouse: Engine, ingest: Ingest, source: Path, samples: Path
) -> None:
    whole = (samples / "letter-orchard.jpg").read_bytes()
    (source / "letter.jpg").write_bytes(whole[:5000])
    ingest(source)
    (source / "letter.jpg").write_bytes(whole)
    ingest(source)
    assert rows(warehouse, "SELECT status FROM v_quarantine") == [("resolved",)]


def test_a_crashing_page_costs_only_itself(warehouse: Engine, ingest: Ingest, source: Path) -> None:
    assert ingest(source, engine="misbehaving_engines:crashing").state == DagRunState.SUCCESS
    (entry,) = rows(warehouse, "SELECT * FROM v_quarantine")
    assert (Path(entry.uri).name, entry.page_no, entry.reason) == (
        "report-minutes.pdf",
        2,
        "page_crashed_reader",
    )
    assert rows(warehouse, "SELECT COUNT(*) FROM v_page") == [(3,)]


def test_a_hanging_page_costs_only_itself(
    warehouse: Engine, ingest: Ingest, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTMILL_PAGE_TIMEOUT_SECONDS", "2")
    assert ingest(source, engine="misbehaving_engines:hanging").state == DagRunState.SUCCESS
    assert rows(warehouse, "SELECT page_no, reason FROM v_quarantine") == [(2, "page_crashed_reader")]


def test_pages_that_fail_a_check_are_set_apart_by_its_name(
    warehouse: Engine, ingest: Ingest, source: Path
) -> None:
    # Nobody looks again at what the engine left empty.
    done = ingest(source, engine="misbehaving_engines:mute", second_opinion="off")
    assert done.state == DagRunState.SUCCESS
    refused = rows(warehouse, "SELECT stage, reason, message, detail FROM v_quarantine")
    assert len(refused) == 4
    assert {(row.stage, row.reason) for row in refused} == {("validate", "no_text")}
    assert refused[0].detail == "no_text"
    assert "no text was found" in refused[0].message
    results = rows(warehouse, "SELECT unexpected_count FROM quality_result WHERE success = 0")
    assert results == [(4,)]


def test_tesseract_reads_through_the_dag(warehouse: Engine, ingest: Ingest, source: Path) -> None:
    assert ingest(source, engine="tesseract").state == DagRunState.SUCCESS
    assert rows(warehouse, "SELECT DISTINCT engine FROM v_page") == [("tesseract",)]
    assert rows(warehouse, "SELECT * FROM v_quarantine") == []


def test_a_run_that_is_planned_anew_reads_what_it_did_not_load(
    warehouse: Engine, ingest: Ingest, source: Path, deployment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a run is cleared from its first task after one of its batches has failed."""
    from textmill import settings
    from textmill.stages.discover import discover
    from textmill.stages.fetch import fetch
    from textmill.stages.plan import plan
    from textmill.staging import Staging

    staging, knobs = Staging(deployment), settings.load()

    def play(batch_seconds: float) -> list[str]:
        discover(
            warehouse,
            staging,
            knobs,
            run_id="again",
            source=str(source),
            schedule="nightly",
            params={},
            wishes=RunWishes(),
            connections=NoConnections(),
        )
        return plan(
            warehouse, staging, knobs, run_id="again", batch_seconds=batch_seconds, wishes=RunWishes()
        )

    for uri in play(1):
        fetch(
            warehouse,
            staging,
            knobs,
            run_id="again",
            batch_uri=uri,
            reread=Reread.NOTHING,
            connections=NoConnections(),
        )
    (uri,) = play(1000)
    tally = fetch(
        warehouse,
        staging,
        knobs,
        run_id="again",
        batch_uri=uri,
        reread=Reread.NOTHING,
        connections=NoConnections(),
    )
    assert (tally.to_read, tally.unchanged) == (3, 0)
    assert len(list((staging.run("again").batches).iterdir())) == 1


def test_a_missing_folder_fails_the_run_at_once(warehouse: Engine, ingest: Ingest, tmp_path: Path) -> None:
    assert ingest(tmp_path / "nowhere").state == DagRunState.FAILED
    assert rows(warehouse, "SELECT state FROM v_run") == [("failed",)]


def test_an_empty_folder_is_no_failure(warehouse: Engine, ingest: Ingest, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert ingest(tmp_path / "in").state == DagRunState.SUCCESS
    assert rows(warehouse, "SELECT media_found, batches FROM v_run") == [(0, 0)]


def test_xcoms_hold_addresses_and_nothing_of_the_media(ingest: Ingest, source: Path) -> None:
    run = ingest(source)
    for instance in run.get_task_instances():
        value = instance.xcom_pull(task_ids=instance.task_id, map_indexes=instance.map_index)
        values = value if isinstance(value, list) else [value]
        assert all(one is None or str(one).startswith("file:///") for one in values), instance.task_id

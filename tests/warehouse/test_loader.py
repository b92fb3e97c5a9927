"""Loading is idempotent, one transaction per medium, and forgets nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from warehouse_records import NOW, content, page, ref

from textmill.errors import DamagedImage, EngineFailed, MediumError, UnrecognisedContent
from textmill.records import PageRecord, Rejection, Stage
from textmill.warehouse import tables
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location
from textmill.warehouse.quarantining import quarantine_all
from textmill.warehouse.runs import run_key, start_run

URI = "file:///in/a.png"


def rejection(error: MediumError, page_no: int | None = None) -> Rejection:
    return Rejection.of(error, uri=URI, sha256="a" * 64, stage=Stage.OCR, page_no=page_no)


def load(
    warehouse: Engine,
    pages: Sequence[PageRecord],
    rejections: Sequence[Rejection] = (),
    *,
    run: str = "run-1",
    later: int = 0,
) -> int:
    now = NOW + timedelta(hours=later)

    def work(connection: Any) -> int:
        registered = claim(connection, content(), Claimant(run, 0, True, 1.0), now)
        note_location(connection, ref(), media_id=registered.media_id, refused=False, now=now)
        result = MediumResult(URI, "a" * 64, len(pages) + len(rejections), pages, rejections)
        return load_medium(connection, result, ingest_run_id=run_key(connection, run), batch_no=0, now=now)

    return in_transaction(warehouse, work)


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


def everything(warehouse: Engine) -> dict[str, list[Any]]:
    with warehouse.connect() as connection:
        return {
            table.name: list(connection.execute(select(table)).all())
            for table in tables.metadata.sorted_tables
        }


@pytest.mark.usefixtures("ingest_run_id")
class TestLoading:
    def test_text_confidence_and_provenance_arrive(self, warehouse: Engine) -> None:
        assert load(warehouse, [page(1), page(2, confidence=0.7)]) == 2
        (document,) = rows(warehouse, "SELECT * FROM v_document")
        assert (document.uri, document.status, document.page_count) == (URI, "loaded", 2)
        assert document.text == page(1).text + "\f" + page(2).text
        assert document.confidence == pytest.approx(0.8)
        first, second = rows(warehouse, "SELECT * FROM v_page ORDER BY page_no")
        assert (first.engine, first.fingerprint, first.run_id, first.dpi) == ("paddle", "f1", "run-1", 200)
        assert second.text == page(2).text

    def test_full_text_search_finds_a_page(self, warehouse: Engine) -> None:
        load(warehouse, [page(1), page(2, text="nothing of interest")])
        found = rows(warehouse, "SELECT page_no FROM v_page WHERE MATCH(text) AGAINST('zebras')")
        assert [row.page_no for row in found] == [1]

    def test_the_second_load_changes_nothing(self, warehouse: Engine) -> None:
        load(warehouse, [page(1), page(2)])
        before = everything(warehouse)
        assert load(warehouse, [page(1), page(2)]) == 0
        assert everything(warehouse) == before

    def test_another_run_with_the_same_text_leaves_the_pages_alone(self, warehouse: Engine) -> None:
        load(warehouse, [page(1)])
        before = rows(warehouse, "SELECT * FROM v_page")
        with warehouse.begin() as connection:
            start_run(connection, "run-2", "file:///in", {}, NOW)
        assert load(warehouse, [page(1)], run="run-2", later=5) == 0
        assert rows(warehouse, "SELECT * FROM v_page") == before

    def test_a_new_fingerprint_replaces_text_and_provenance(self, warehouse: Engine) -> None:
        load(warehouse, [page(1)])
        old = rows(warehouse, "SELECT id FROM page")
        assert load(warehouse, [page(1, text="better", fingerprint="f2")], later=1) == 1
        assert rows(warehouse, "SELECT id FROM page") == old
        (now,) = rows(warehouse, "SELECT text, fingerprint FROM v_page")
        assert (now.text, now.fingerprint) == ("better", "f2")
        assert rows(warehouse, "SELECT text FROM v_document") == [("better",)]
        assert len(rows(warehouse, "SELECT 1 FROM line")) == 1

    def test_a_refused_page_is_in_quarantine_and_the_others_are_loaded(self, warehouse: Engine) -> None:
        load(warehouse, [page(1)], [rejection(EngineFailed("page 2 failed"), 2)])
        (entry,) = rows(warehouse, "SELECT * FROM v_quarantine")
        assert (entry.page_no, entry.reason, entry.message) == (2, "engine_failed", "page 2 failed")
        assert (entry.status, entry.attempts, entry.run_id) == ("open", 1, "run-1")
        assert rows(warehouse, "SELECT status FROM v_document") == [("partial",)]

    def test_a_refused_medium_is_quarantined_whole(self, warehouse: Engine) -> None:
        load(warehouse, [], [rejection(DamagedImage("broken"))])
        assert rows(warehouse, "SELECT status, text FROM v_document") == [("quarantined", None)]

    def test_a_retried_load_counts_one_attempt_and_another_run_the_next(self, warehouse: Engine) -> None:
        for _ in range(3):
            load(warehouse, [], [rejection(DamagedImage("broken"))])
        assert rows(warehouse, "SELECT attempts FROM v_quarantine") == [(1,)]
        with warehouse.begin() as connection:
            start_run(connection, "run-2", "file:///in", {}, NOW)
        load(warehouse, [], [rejection(DamagedImage("still broken"))], run="run-2", later=1)
        (entry,) = rows(warehouse, "SELECT * FROM v_quarantine")
        assert (entry.attempts, entry.message, entry.run_id) == (2, "still broken", "run-2")
        assert entry.first_seen < entry.last_seen

    def test_a_page_that_is_read_at_last_closes_its_entry(self, warehouse: Engine) -> None:
        load(warehouse, [page(1)], [rejection(EngineFailed("failed"), 2)])
        load(warehouse, [page(1), page(2)], later=1)
        assert rows(warehouse, "SELECT status FROM v_quarantine") == [("resolved",)]
        assert rows(warehouse, "SELECT status FROM v_document") == [("loaded",)]

    def test_a_page_refused_later_keeps_its_text(self, warehouse: Engine) -> None:
        load(warehouse, [page(1)])
        load(warehouse, [], [rejection(EngineFailed("failed"), 1)], later=1)
        assert rows(warehouse, "SELECT status, text FROM v_document") == [("partial", page(1).text)]

    def test_what_somebody_ignores_stays_ignored(self, warehouse: Engine) -> None:
        load(warehouse, [], [rejection(DamagedImage("broken"))])
        with warehouse.begin() as connection:
            connection.execute(text("UPDATE quarantine SET status = 'ignored'"))
        load(warehouse, [], [rejection(DamagedImage("broken"))], later=1)
        assert rows(warehouse, "SELECT status FROM v_quarantine") == [("ignored",)]

    def test_two_files_with_the_same_bad_bytes_are_two_entries(self, warehouse: Engine) -> None:
        bad = UnrecognisedContent("rubbish")
        entries = [
            Rejection.of(bad, uri=f"file:///in/{name}", sha256="b" * 64, stage=Stage.FETCH)
            for name in ("a.png", "b.png")
        ]
        with warehouse.begin() as connection:
            quarantine_all(
                connection, entries, ingest_run_id=run_key(connection, "run-1"), batch_no=0, now=NOW
            )
        load(warehouse, [page(1)])  # a.png was replaced by a good file
        assert rows(warehouse, "SELECT uri, status FROM v_quarantine ORDER BY uri") == [
            ("file:///in/a.png", "resolved"),
            ("file:///in/b.png", "open"),
        ]

    def test_what_libraries_print_is_cut(self, warehouse: Engine) -> None:
        load(warehouse, [], [rejection(DamagedImage("broken", detail="x" * 3_000_000))])
        assert rows(warehouse, "SELECT LENGTH(detail) FROM v_quarantine") == [(4000,)]

    def test_a_failure_half_way_leaves_nothing_of_the_medium(self, warehouse: Engine) -> None:
        too_long = page(2, engine="x" * 100)
        with pytest.raises(Exception, match="Data too long"):
            load(warehouse, [page(1), too_long])
        assert rows(warehouse, "SELECT 1 FROM page") == []
        assert rows(warehouse, "SELECT 1 FROM media") == []


def test_pages_that_a_medium_has_no_more_when_it_is_read_otherwise_go(
    warehouse: Engine, ingest_run_id: int
) -> None:
    load(warehouse, [page(1), page(2), page(3)])
    assert load(warehouse, [page(1), page(2)], later=1) == 1
    assert rows(warehouse, "SELECT page_no FROM v_page ORDER BY page_no") == [(1,), (2,)]
    (document,) = rows(warehouse, "SELECT text, page_count FROM v_document")
    assert document == (f"{page(1).text}\f{page(2).text}", 2)
    assert rows(warehouse, "SELECT COUNT(*) FROM line") == [(2,)]


def test_a_document_that_was_lost_is_put_together_again(warehouse: Engine, ingest_run_id: int) -> None:
    load(warehouse, [page(1), page(2)])
    before = rows(warehouse, "SELECT * FROM document")
    with warehouse.begin() as connection:
        connection.execute(text("DELETE FROM document"))
    assert load(warehouse, [page(1), page(2)], later=1) == 0
    assert rows(warehouse, "SELECT * FROM document") == before

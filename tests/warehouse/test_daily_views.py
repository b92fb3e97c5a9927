"""What the views by day and the lineage of pages say of a few small runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text
from warehouse_records import NOW, content, page, ref

from textmill.records import ExpectationResult, SourceKind, SourceSpec
from textmill.run_wishes import Reread
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location
from textmill.warehouse.runs import note_batch, plan_run, run_key, start_run, store_quality_results
from textmill.warehouse.source_books import note_source
from textmill.warehouse.tables import reading, reading_part

TODAY, YESTERDAY = NOW, NOW - timedelta(days=1)


def rows(warehouse: Engine, sql: str) -> list[dict[str, Any]]:
    with warehouse.connect() as connection:
        return [dict(row) for row in connection.execute(text(sql)).mappings()]


def run(warehouse: Engine, run_id: str, source: str, batches: Sequence[dict[str, Any]]) -> int:
    """A run with these columns of its batches set; returns its key."""
    with warehouse.begin() as connection:
        start_run(connection, run_id, source, {"engine": "auto"}, NOW)
        plan_run(connection, run_id, [(3, 30.0)] * len(batches))
        for batch_no, values in enumerate(batches):
            note_batch(connection, run_id, batch_no, state="loaded", **values)
        return run_key(connection, run_id)


def judged(loaded: int, warned: int, quarantined: int, mean: float, at: datetime | None) -> dict[str, Any]:
    return {
        "pages_loaded": loaded,
        "pages_warned": warned,
        "pages_quarantined": quarantined,
        "confidence_sum": mean * loaded,
        "pages_with_text": loaded,
        "loaded_at": at,
    }


class TestQuality:
    def test_the_batches_of_a_day_are_summed_by_what_was_asked_for(self, warehouse: Engine) -> None:
        run(warehouse, "r1", "scans", [judged(6, 3, 2, 0.9, TODAY), judged(2, 0, 0, 0.5, TODAY)])
        run(warehouse, "r2", "scans", [judged(10, 0, 0, 1.0, YESTERDAY), judged(10, 0, 0, 1.0, TODAY)])
        run(warehouse, "r3", "mail", [judged(1, 1, 0, 0.7, TODAY)])
        by_day = rows(warehouse, "SELECT * FROM v_quality_daily ORDER BY day, source")
        assert [(one["day"], one["source"], one["runs"]) for one in by_day] == [
            (YESTERDAY.date(), "scans", 1),
            (TODAY.date(), "mail", 1),
            (TODAY.date(), "scans", 2),
        ]
        today = by_day[2]
        assert (today["pages"], today["pages_loaded"], today["pages_warned"], today["pages_quarantined"]) == (
            20,
            18,
            3,
            2,
        )
        assert (float(today["warned_share"]), float(today["quarantined_share"])) == (0.15, 0.1)
        assert (today["confidence"], today["pages_with_text"]) == (pytest.approx(16.4 / 18), 18)

    def test_what_is_not_loaded_and_what_had_no_pages_is_no_part_of_a_day(self, warehouse: Engine) -> None:
        run(warehouse, "r1", "scans", [judged(5, 0, 5, 0.9, None), judged(0, 0, 0, 0.0, TODAY)])
        assert rows(warehouse, "SELECT * FROM v_quality_daily") == []

    def test_a_medium_read_in_parts_counts_on_the_day_of_its_last_part(self, warehouse: Engine) -> None:
        key = run(warehouse, "r1", "films", [judged(0, 0, 0, 0.0, YESTERDAY), judged(1, 0, 0, 0.5, TODAY)])
        figures = judged(3, 1, 1, 0.9, None)
        del figures["loaded_at"]
        values = {"ingest_run_id": key, "uri_hash": "a" * 64, "parts": 2, "outcome": "loaded"} | figures
        with warehouse.begin() as connection:
            reading_id = connection.execute(insert(reading).values(**values)).lastrowid
            for part, at in enumerate((YESTERDAY, TODAY)):
                connection.execute(
                    insert(reading_part).values(reading_id=reading_id, part=part, batch_no=part, read_at=at)
                )
        (today,) = rows(warehouse, "SELECT * FROM v_quality_daily")
        assert (today["day"], today["pages"], today["pages_loaded"]) == (TODAY.date(), 5, 4)
        assert today["confidence"] == pytest.approx((3 * 0.9 + 0.5) / 4)


def test_results_of_a_check_are_summed_by_day_and_severity(warehouse: Engine) -> None:
    def result(severity: Any, failed: int) -> ExpectationResult:
        return ExpectationResult(
            check="blank_page",
            severity=severity,
            expectation="expect_column_values_to_be_between",
            column="blank_page",
            observed="…",
            element_count=10,
            unexpected_count=failed,
            success=not failed,
        )

    run(warehouse, "r1", "scans", [{}, {}])
    with warehouse.begin() as connection:
        store_quality_results(connection, "r1", 0, [result("critical", 1), result("warning", 3)], NOW)
        store_quality_results(connection, "r1", 1, [result("critical", 0), result("warning", 1)], NOW)
    columns = "check_name, severity, batches, batches_failed, pages, pages_failed, failed_share"
    found = rows(warehouse, f"SELECT day, {columns} FROM v_check_daily ORDER BY severity")
    assert [tuple(one.values()) for one in found] == [
        (NOW.date(), "blank_page", "critical", 2, 1, 20, 1, pytest.approx(0.05)),
        (NOW.date(), "blank_page", "warning", 2, 2, 20, 4, pytest.approx(0.2)),
    ]


class TestThroughput:
    @staticmethod
    def read(pages: int, began: float, ended: float, **values: Any) -> dict[str, Any]:
        """A batch that was read from one second on to another."""
        return {
            "engine": "paddle",
            "device": "cpu",
            "pages_done": pages,
            "ocr_started_at": NOW + timedelta(seconds=began),
            "ocr_finished_at": NOW + timedelta(seconds=ended),
        } | values

    def test_of_batches_at_once_the_time_counts_once_for_the_machine(self, warehouse: Engine) -> None:
        read = self.read
        run(
            warehouse,
            "r1",
            "scans",
            [
                read(100, 0, 100),
                read(50, 10, 60),  # within the first
                read(50, 90, 140, media_unchanged=1),  # overlaps it
                read(40, 1000, 1010),  # after a pause
            ],
        )
        (day,) = rows(warehouse, "SELECT * FROM v_throughput_daily")
        assert (day["day"], day["engine"], day["device"]) == (NOW.date(), "paddle", "cpu")
        assert (day["batches"], day["media"], day["pages"]) == (4, 11, 240)
        assert (float(day["ocr_seconds"]), float(day["busy_seconds"])) == (210, 150)
        assert float(day["pages_per_second"]) == pytest.approx(240 / 150)
        assert float(day["pages_per_slot_second"]) == pytest.approx(240 / 210)
        assert float(day["slots"]) == pytest.approx(210 / 150)

    def test_engines_devices_and_days_are_told_apart(self, warehouse: Engine) -> None:
        read = self.read
        tomorrow = 86_400.0
        run(
            warehouse,
            "r1",
            "scans",
            [
                read(1, 0, 10),
                read(2, 0, 10, engine="tesseract"),
                read(3, 0, 10, device=None),
                read(4, tomorrow - 43_205, tomorrow - 43_195),  # ends five seconds after midnight
                read(9, 0, 10, engine=None),  # nothing had to be read
                read(9, 0, 10, ocr_finished_at=None),  # still going on
            ],
        )
        found = rows(warehouse, "SELECT day, engine, device, pages FROM v_throughput_daily ORDER BY pages")
        today, next_day = NOW.date(), (NOW + timedelta(days=1)).date()
        assert [tuple(one.values()) for one in found] == [
            (today, "paddle", "cpu", 1),
            (today, "tesseract", "cpu", 2),
            (today, "paddle", "", 3),
            (next_day, "paddle", "cpu", 4),
        ]


class TestLineage:
    def load(self, warehouse: Engine) -> None:
        """A page out of an archive of the source `scans`."""
        key = run(warehouse, "r1", "", [{"device": "cpu", "ocr_started_at": NOW, "engine": "paddle"}, {}])
        claimant = Claimant("r1", 0, Reread.NOTHING, 12)
        with warehouse.begin() as connection:
            spec = SourceSpec(name="scans", kind=SourceKind.FOLDER, location="file:///in")
            note_source(connection, spec)
            box, inside = ref("box.zip", source="scans"), ref("box.zip!a.png", source="scans")
            archive = claim(connection, content("b"), claimant, NOW).media_id
            note_location(connection, box, media_id=archive, refused=False, now=NOW)
            medium = claim(connection, content("a"), claimant, NOW).media_id
            note_location(connection, inside, media_id=medium, archive_id=archive, refused=False, now=NOW)
            result = MediumResult(inside.uri, "a" * 64, 2, [page(1), page(2)], [])
            load_medium(connection, result, ingest_run_id=key, batch_no=0, now=NOW)

    def test_a_page_leads_to_its_batch_run_and_source(self, warehouse: Engine) -> None:
        self.load(warehouse)
        first, second = rows(warehouse, "SELECT * FROM v_lineage ORDER BY page_no")
        assert (first["page_no"], second["page_no"]) == (1, 2)
        assert first["uri"] == "file:///in/box.zip!a.png"
        assert (first["sha256"], first["archive_sha256"]) == ("a" * 64, "b" * 64)
        assert (first["source"], first["source_kind"], first["source_location"]) == (
            "scans",
            "folder",
            "file:///in",
        )
        assert (first["run_id"], first["run_source"], first["batch_no"]) == ("r1", "", 0)
        assert first["params"] == '{"engine": "auto"}'
        assert (first["device"], first["ocr_started_at"], first["loaded_at"]) == ("cpu", NOW, NOW)
        assert (first["engine"], first["model"], first["fingerprint"]) == ("paddle", "m", "f1")
        assert (first["quality"], first["warnings"]) == ("accepted", "")
        assert first["modified_at"] == datetime(1970, 1, 1)

    def test_a_page_stays_in_it_when_its_batch_is_planned_anew(self, warehouse: Engine) -> None:
        self.load(warehouse)
        with warehouse.begin() as connection:
            plan_run(connection, "r1", [])
        assert [one["device"] for one in rows(warehouse, "SELECT device FROM v_lineage")] == [None, None]


def test_sources_count_their_addresses_and_what_is_in_quarantine(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        for name in ("scans", "Scans"):
            note_source(connection, SourceSpec(name=name, kind=SourceKind.FOLDER, location=f"file:///{name}"))
        for number in range(3):
            one = ref(f"{number}.png", source="scans")
            note_location(connection, one, media_id=None, refused=True, now=NOW)
        connection.execute(text("UPDATE media_location SET deleted_at = :now LIMIT 1"), {"now": NOW})
    columns = "name, locations_present, locations_deleted, open_quarantine"
    found = rows(warehouse, f"SELECT {columns} FROM v_source ORDER BY locations_present")
    assert [tuple(one.values()) for one in found] == [("Scans", 0, 0, 0), ("scans", 2, 1, 0)]

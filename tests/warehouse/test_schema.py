"""Migrations, tables and views say the same."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import URL, Connection, Engine, inspect, text
from warehouse_records import NOW, content, page, ref

from textmill.warehouse.addresses import name_hash
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location
from textmill.warehouse.migrate import alembic_config, upgrade

CONTRACT = {
    "v_document": "media_id sha256 uri source kind mime bytes page_count text confidence status first_seen "
    "loaded_at duration_ms confidence_low low_line_share deleted_at",
    "v_page": "media_id sha256 uri kind page_no text confidence confidence_low width height dpi text_source "
    "engine model fingerprint milliseconds start_ms end_ms run_id loaded_at "
    "rotation low_line_share preprocessing quality warnings",
    "v_line": "media_id sha256 uri page_no line_no text confidence engine other_engine other_text "
    "other_confidence polygon start_ms end_ms",
    "v_video_text": "media_id sha256 uri page_no cue_no start_ms end_ms start_time end_time text confidence",
    "v_quarantine": "quarantine_id sha256 uri page_no stage reason message detail attempts status first_seen "
    "last_seen run_id next_try name source media_id kind bytes permanent text_read confidence copy_path "
    "closed_at note",
    "v_quarantine_history": "event_id quarantine_id happened_at event reason message run_id note uri name "
    "page_no status",
    "v_search": "page_id media_id sha256 uri source kind page_no text cjk confidence confidence_low quality "
    "warnings start_ms loaded_at",
    "v_run": "run_id source state started_at finished_at media_found media_unchanged media_loaded "
    "media_quarantined pages_loaded pages_quarantined batches confidence pages_per_second interval_start "
    "interval_end media_refused media_waiting media_reappeared media_deleted estimated_seconds problem "
    "pages_warned",
    "v_source": "name kind location listed_at media_listed locations_present locations_deleted "
    "open_quarantine",
    "v_audit": "finding_id audit_id started_at finished_at rule subject message remedy of_rule",
    "v_location": "uri source media_id sha256 bytes modified_at etag tags change changed_at moved_from "
    "first_seen last_seen deleted_at next_try failures",
    "v_lineage": "media_id sha256 uri page_no source source_kind source_location archive_sha256 modified_at "
    "first_seen run_id run_source params run_started_at run_finished_at batch_no device ocr_started_at "
    "ocr_finished_at loaded_at text_source engine model fingerprint preprocessing dpi rotation "
    "quality warnings",
    "v_quality_daily": "day source pages pages_loaded pages_warned pages_quarantined warned_share "
    "quarantined_share confidence pages_with_text runs",
    "v_check_daily": "day check_name severity batches batches_failed pages pages_failed failed_share",
    "v_throughput_daily": "day engine device batches media pages ocr_seconds busy_seconds pages_per_second "
    "pages_per_slot_second slots",
}
MERGED = ["v_document", "v_page", "v_line", "v_location", "v_run", "v_lineage"]


def test_the_migrations_make_the_tables_that_the_code_knows(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        command.check(alembic_config(connection))


def test_migrating_again_changes_nothing(warehouse: Engine, warehouse_server: URL) -> None:
    def shape() -> list[str]:
        return sorted(inspect(warehouse).get_table_names() + inspect(warehouse).get_view_names())

    before = shape()
    upgrade(warehouse_server.render_as_string(hide_password=False))
    assert shape() == before


def test_views_keep_their_columns(warehouse: Engine) -> None:
    for view, columns in CONTRACT.items():
        assert [column["name"] for column in inspect(warehouse).get_columns(view)] == columns.split()


@pytest.mark.parametrize("view", MERGED)
def test_views_of_rows_are_merged_into_the_query_and_so_use_indexes(warehouse: Engine, view: str) -> None:
    with warehouse.connect() as connection:
        plan = connection.execute(text(f"EXPLAIN FORMAT=TRADITIONAL SELECT * FROM {view}")).mappings().all()
    assert {step["select_type"] for step in plan} <= {"SIMPLE", "PRIMARY"}
    assert [step["table"] for step in plan if step["table"].startswith("<")] == []


def test_every_table_is_utf8mb4_in_innodb(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT engine AS engine, table_collation AS collation FROM information_schema.tables "
                "WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' "
                "AND table_name <> 'alembic_version'"
            )
        ).all()
    assert {(row.engine, row.collation) for row in rows} == {("InnoDB", "utf8mb4_unicode_ci")}


def test_pages_have_a_full_text_index(warehouse: Engine) -> None:
    (index,) = (one for one in inspect(warehouse).get_indexes("page") if one["name"] == "ft_page_text")
    assert index["column_names"] == ["text"]
    with warehouse.connect() as connection:
        kind = connection.execute(text("SHOW INDEX FROM page WHERE Key_name = 'ft_page_text'")).one()
    assert kind.Index_type == "FULLTEXT"


def test_pages_that_are_there_survive_the_way_back_and_forth(
    warehouse: Engine, warehouse_server: URL, ingest_run_id: int
) -> None:
    def work(connection: Connection) -> None:
        registered = claim(connection, content(), Claimant("run-1", 0, False, 1.0), NOW)
        note_location(connection, ref(), media_id=registered.media_id, refused=False, now=NOW)
        result = MediumResult(ref().uri, "a" * 64, 1, [page(1)], [])
        load_medium(connection, result, ingest_run_id=ingest_run_id, batch_no=0, now=NOW)

    in_transaction(warehouse, work)
    try:
        with warehouse.connect() as connection:
            command.downgrade(alembic_config(connection), "0001")
            connection.commit()
    finally:
        upgrade(warehouse_server.render_as_string(hide_password=False))
    with warehouse.connect() as connection:
        kept = connection.execute(text("SELECT text, preprocessing, low_line_share, uri FROM v_page")).one()
        hashed = connection.execute(text("SELECT source_hash FROM media_location")).scalar_one()
    assert tuple(kept) == (page(1).text, "", None, ref().uri)
    assert hashed == name_hash(ref().source)

"""Days as Parquet: what is written is what the warehouse has, and days that changed are found."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from loaded_days import load
from sqlalchemy import URL, Engine, event, text

from textmill.access import NoConnections
from textmill.errors import ExportError
from textmill.exports.days import exporting, parquet, rows
from textmill.exports.days.exporting import (
    Action,
    ExportedPartition,
    days_to_export,
    export_day,
    open_destination,
)
from textmill.exports.days.folder import FolderDestination
from textmill.exports.days.states import DayRange
from textmill.exports.days.tables import COLUMNS, ExportedTable

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
ALL = DayRange()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "exports"


@pytest.fixture
def export(warehouse: Engine, root: Path) -> Callable[..., list[ExportedPartition]]:
    """Exports what changed, and returns what was not unchanged."""

    def run(full: bool = False, **wishes: Any) -> list[ExportedPartition]:
        destination = FolderDestination(root)
        return [
            partition
            for day in days_to_export(warehouse, destination, days=ALL, full=full, **wishes)
            for partition in export_day(warehouse, destination, day, full=full, **wishes)
            if partition.action is not Action.UNCHANGED
        ]

    return run


def read(root: Path, table: str) -> Any:
    return ds.dataset(root / table, partitioning="hive").to_table()


def files(root: Path) -> dict[str, int]:
    """All files that a reader would find, and when they were written."""
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in root.rglob("*.parquet")}


def test_what_is_written_is_what_the_warehouse_has(
    warehouse: Engine, ingest_run_id: int, root: Path, export: Callable[..., Any]
) -> None:
    load(warehouse, ingest_run_id, MONDAY, "a", pages=3, warnings=("symbol_soup", "mojibake"))
    load(warehouse, ingest_run_id, TUESDAY, "b", pages=2)
    done = export()
    assert {(one.table, one.day, one.rows) for one in done} == {
        ("documents", MONDAY, 1), ("pages", MONDAY, 3), ("lines", MONDAY, 6),
        ("documents", TUESDAY, 1), ("pages", TUESDAY, 2), ("lines", TUESDAY, 4),
    }  # fmt: skip
    for table, view in (("pages", "v_page"), ("lines", "v_line"), ("documents", "v_document")):
        exported = read(root, table)
        with warehouse.connect() as connection:
            stored = connection.execute(
                text(f"SELECT COUNT(*), SUM(confidence), SUM(CHAR_LENGTH(text)) FROM {view}")
            ).one()
        frame = exported.to_pandas()
        assert (len(frame), frame.text.str.len().sum()) == (stored[0], stored[2])
        assert frame.confidence.sum() == pytest.approx(stored[1])
    page = read(root, "pages").filter(ds.field("page_no") == 1).to_pylist()[0]
    assert page["warnings"] == ["symbol_soup", "mojibake"]
    assert page["quality"] == "warning"
    assert page["run_id"] == "run-1"
    assert page["loaded_at"] == datetime(2026, 11, 23, 12, tzinfo=UTC)
    line = read(root, "lines").filter(ds.field("line_no") == 2).to_pylist()[0]
    assert line["text"] == "naïve 漢字 🦓"
    assert line["polygon"] == [[0.5, 6.0], [9.0, 6.0], [9.0, 9.0], [0.5, 9.0]]


def test_pandas_reads_a_table_with_the_day_as_a_column(
    warehouse: Engine, ingest_run_id: int, root: Path, export: Callable[..., Any]
) -> None:
    load(warehouse, ingest_run_id, MONDAY)
    load(warehouse, ingest_run_id, TUESDAY, "b")
    export()
    frame = pd.read_parquet(root / "pages", filters=[("loaded_on", "=", "2026-11-24")])
    assert set(frame.loaded_on.astype(str)) == {"2026-11-24"}
    assert set(frame.sha256) == {"b" * 64}


def test_columns_are_typed_and_say_what_they_mean(
    warehouse: Engine, ingest_run_id: int, root: Path, export: Callable[..., Any]
) -> None:
    load(warehouse, ingest_run_id, MONDAY)
    export()
    for table in ExportedTable:
        (path,) = (root / table / "loaded_on=2026-11-23").iterdir()
        schema = pq.read_schema(path)
        assert [(field.name, field.metadata[b"description"].decode()) for field in schema] == [
            (column.name, column.meaning) for column in COLUMNS[table]
        ]
        assert schema.metadata[b"textmill.schema_version"] == b"1"
        assert schema.metadata[b"textmill.day"] == b"2026-11-23"
        assert str(schema.field("loaded_at").type) == "timestamp[us, tz=UTC]"


def test_exporting_again_changes_nothing(
    warehouse: Engine, ingest_run_id: int, root: Path, export: Callable[..., Any]
) -> None:
    load(warehouse, ingest_run_id, MONDAY)
    export()
    before = files(root)
    assert export() == []
    assert files(root) == before
    assert {one.action for one in export(full=True)} == {Action.WRITTEN}
    assert files(root).keys() == before.keys()


def test_a_page_that_is_read_again_leaves_its_old_day(
    warehouse: Engine, ingest_run_id: int, root: Path, export: Callable[..., Any]
) -> None:
    load(warehouse, ingest_run_id, MONDAY, "a")
    load(warehouse, ingest_run_id, MONDAY, "b")
    export()
    load(warehouse, ingest_run_id, TUESDAY, "a", fingerprint="f2")
    done = export()
    assert {(one.table, one.day, one.rows) for one in done} == {
        ("documents", MONDAY, 1), ("pages", MONDAY, 2), ("lines", MONDAY, 4),
        ("documents", TUESDAY, 1), ("pages", TUESDAY, 2), ("lines", TUESDAY, 4),
    }  # fmt: skip
    frame = read(root, "pages").to_pandas()
    assert sorted(frame.sha256.str[0] + frame.page_no.astype(str)) == ["a1", "a2", "b1", "b2"]


def test_one_page_for_another_is_no_day_without_a_change(
    warehouse: Engine, ingest_run_id: int, export: Callable[..., Any]
) -> None:
    """Counts would be the same, and so would the latest time."""
    load(warehouse, ingest_run_id, MONDAY, "a")
    export()
    load(warehouse, ingest_run_id, MONDAY, "b")
    load(warehouse, ingest_run_id, TUESDAY, "a", fingerprint="f2")
    assert (MONDAY, "pages") in {(one.day, one.table) for one in export()}


def test_a_day_that_has_nothing_any_more_is_removed(
    warehouse: Engine, ingest_run_id: int, root: Path, export: Callable[..., Any]
) -> None:
    load(warehouse, ingest_run_id, MONDAY)
    export()
    load(warehouse, ingest_run_id, TUESDAY, fingerprint="f2")
    done = export()
    assert {one.table for one in done if one.action is Action.REMOVED} == set(ExportedTable)
    assert not list(root.rglob("loaded_on=2026-11-23"))


def test_a_document_that_is_gone_is_exported_again_and_its_pages_are_not(
    warehouse: Engine, ingest_run_id: int, export: Callable[..., Any]
) -> None:
    load(warehouse, ingest_run_id, MONDAY)
    export()
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE media_location SET deleted_at = '2026-11-25'"))
    assert [one.table for one in export()] == [ExportedTable.DOCUMENTS]


def test_only_the_days_and_tables_that_were_asked_for(
    warehouse: Engine, ingest_run_id: int, root: Path, export: Callable[..., Any]
) -> None:
    load(warehouse, ingest_run_id, MONDAY, "a")
    load(warehouse, ingest_run_id, TUESDAY, "b")
    destination = FolderDestination(root)
    assert days_to_export(warehouse, destination, days=DayRange(TUESDAY)) == [TUESDAY]
    assert days_to_export(warehouse, destination, days=DayRange(None, MONDAY)) == [MONDAY]
    done = export(tables=[ExportedTable.LINES])
    assert {one.table for one in done} == {ExportedTable.LINES}
    assert not (root / "pages").exists()


def test_a_large_day_has_several_files_and_row_groups(
    warehouse: Engine, ingest_run_id: int, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(warehouse, ingest_run_id, MONDAY, "a", pages=200, text="zebra " * 500)
    monkeypatch.setattr(
        exporting,
        "PartitionWriter",
        lambda *given: parquet.PartitionWriter(*given, row_group_bytes=100_000, file_bytes=8_000),
    )
    monkeypatch.setattr(rows, "_GROUP_CHARACTERS", 50_000)
    (done,) = export_day(warehouse, FolderDestination(root), MONDAY, tables=[ExportedTable.PAGES])
    names = sorted((root / "pages" / "loaded_on=2026-11-23").iterdir())
    assert done.files == len(names) > 1
    assert all(pq.ParquetFile(path).metadata.row_group(0).num_rows < 100 for path in names)
    assert sorted(read(root, "pages").to_pandas().page_no) == list(range(1, 201))


def test_all_tables_of_a_day_are_of_one_moment(warehouse: Engine, ingest_run_id: int, root: Path) -> None:
    """Something is loaded between the first table and the last."""
    load(warehouse, ingest_run_id, MONDAY, "a")
    inserted = []

    @event.listens_for(warehouse, "after_cursor_execute")
    def load_between(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if "FROM v_document" in statement and "crc32" not in statement and not inserted:
            inserted.append(True)
            load(warehouse, ingest_run_id, MONDAY, "b")

    export_day(warehouse, FolderDestination(root), MONDAY)
    event.remove(warehouse, "after_cursor_execute", load_between)
    assert inserted
    assert {table: set(read(root, table)["sha256"].to_pylist()) for table in ExportedTable} == {
        table: {"a" * 64} for table in ExportedTable
    }
    assert days_to_export(warehouse, FolderDestination(root), days=ALL) == [MONDAY]


@pytest.mark.parametrize("moment", ["write", "commit"])
def test_an_export_that_breaks_off_leaves_the_old_partition(
    moment: str,
    warehouse: Engine,
    ingest_run_id: int,
    root: Path,
    export: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(warehouse, ingest_run_id, MONDAY, "a")
    export()
    before = files(root)
    load(warehouse, ingest_run_id, MONDAY, "b")

    def break_off(*_: Any) -> None:
        raise KeyboardInterrupt

    if moment == "write":
        monkeypatch.setattr("textmill.exports.days.parquet.PartitionWriter._end_file", break_off)
    else:
        monkeypatch.setattr("textmill.exports.days.folder._exchange", break_off)
    with pytest.raises(KeyboardInterrupt):
        export()
    monkeypatch.undo()
    assert files(root) == before
    export()
    assert set(read(root, "pages")["sha256"].to_pylist()) == {"a" * 64, "b" * 64}


def test_a_partition_that_lost_a_file_is_written_again(
    warehouse: Engine, ingest_run_id: int, root: Path, export: Callable[..., Any]
) -> None:
    load(warehouse, ingest_run_id, MONDAY)
    export()
    next((root / "lines").rglob("*.parquet")).unlink()
    assert [one.table for one in export()] == [ExportedTable.LINES]


def test_where_folders_cannot_be_exchanged_they_follow_one_another(
    warehouse: Engine,
    ingest_run_id: int,
    root: Path,
    export: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(warehouse, ingest_run_id, MONDAY, "a")
    export()
    load(warehouse, ingest_run_id, MONDAY, "b")

    class WithoutExchange:
        def __init__(self, *_: Any, **__: Any) -> None:
            pass

    monkeypatch.setattr("textmill.exports.days.folder.ctypes.CDLL", WithoutExchange)
    export()
    assert set(read(root, "pages")["sha256"].to_pylist()) == {"a" * 64, "b" * 64}
    assert list((root / ".incoming").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(
    warehouse: Engine, ingest_run_id: int, tmp_path: Path
) -> None:
    load(warehouse, ingest_run_id, MONDAY)
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="cannot go on: Not a directory"):
        export_day(warehouse, FolderDestination(tmp_path / "file" / "exports"), MONDAY)


def test_nothing_is_exported_to_the_web() -> None:
    with pytest.raises(ExportError, match="Nothing can be exported to https addresses"):
        open_destination("https://example.org/x", NoConnections(), None)


@pytest.mark.slow
def test_killed_at_any_moment_a_whole_partition_is_there(
    warehouse: Engine, warehouse_server: URL, ingest_run_id: int, root: Path, export: Callable[..., Any]
) -> None:
    """The process is killed again and again while it replaces three partitions."""
    load(warehouse, ingest_run_id, MONDAY, "a", pages=300, text="zebra " * 500)
    export()
    program = (
        "import sys; from pathlib import Path; from datetime import date\n"
        "from textmill.exports.days.exporting import export_day\n"
        "from textmill.exports.days.folder import FolderDestination\n"
        "from textmill.warehouse.connection import warehouse_engine\n"
        "with warehouse_engine(sys.argv[1]) as engine:\n"
        "    print('begun', flush=True)\n"
        "    while True:\n"
        "        export_day(engine, FolderDestination(Path(sys.argv[2])), date(2026, 11, 23), full=True)\n"
    )
    url = warehouse_server.render_as_string(hide_password=False)
    include = Path(exporting.__file__).parents[3]
    for number in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", program, url, str(root)],
            env=os.environ | {"PYTHONPATH": str(include)},
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None and child.stdout.readline() == b"begun\n"
        time.sleep(0.37 * number % 1)
        child.kill()
        child.wait()
        child.stdout.close()
        assert [read(root, table).num_rows for table in ExportedTable] == [1, 300, 600]

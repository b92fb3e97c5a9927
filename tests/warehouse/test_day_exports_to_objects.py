"""Days as Parquet in an object store: an S3 on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

import pyarrow.dataset as ds
import pytest
import s3_server
from loaded_days import load
from sqlalchemy import Engine

from textmill.errors import ExportError
from textmill.exports.days import exporting, parquet, rows
from textmill.exports.days.exporting import Action, days_to_export, export_day
from textmill.exports.days.object_store import ObjectStoreDestination
from textmill.exports.days.states import DayRange
from textmill.exports.days.tables import ExportedTable

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
PLACE = "s3://reports/text%20of%20days"


@pytest.fixture(scope="module")
def filesystem() -> Iterator[Any]:
    import s3fs

    with s3_server.running_s3() as endpoint:
        filesystem = s3fs.S3FileSystem(
            key=s3_server.LOGIN,
            secret=s3_server.PASSWORD,
            endpoint_url=endpoint,
            client_kwargs={"region_name": "eu-central-1"},
            use_listings_cache=False,
        )
        s3_server.make_bucket(filesystem, "reports")
        yield filesystem


@pytest.fixture
def destination(filesystem: Any) -> Iterator[ObjectStoreDestination]:
    yield ObjectStoreDestination(filesystem, PLACE)
    if filesystem.exists("reports/text of days"):
        filesystem.rm("reports/text of days", recursive=True)


def objects(filesystem: Any) -> list[str]:
    return [path.removeprefix("reports/text of days/") for path in filesystem.find("reports/text of days")]


def pages(filesystem: Any) -> Any:
    data = ds.dataset("reports/text of days/pages", filesystem=filesystem, partitioning="hive")
    return data.to_table().to_pandas()


def test_partitions_are_written_and_replaced(
    warehouse: Engine, ingest_run_id: int, filesystem: Any, destination: ObjectStoreDestination
) -> None:
    load(warehouse, ingest_run_id, MONDAY, "a")
    export_day(warehouse, destination, MONDAY)
    first = objects(filesystem)
    assert [name.partition("/loaded_on=2026-11-23/part-")[0] for name in first] == [
        "documents",
        "lines",
        "pages",
    ]
    assert days_to_export(warehouse, destination, days=DayRange()) == []

    load(warehouse, ingest_run_id, MONDAY, "b")
    assert {one.action for one in export_day(warehouse, destination, MONDAY)} == {Action.WRITTEN}
    assert len(objects(filesystem)) == 3
    assert set(objects(filesystem)).isdisjoint(first)
    assert sorted(pages(filesystem).sha256.str[0]) == ["a", "a", "b", "b"]

    load(warehouse, ingest_run_id, TUESDAY, "a", fingerprint="f2")
    load(warehouse, ingest_run_id, TUESDAY, "b", fingerprint="f2")
    for day in days_to_export(warehouse, destination, days=DayRange()):
        export_day(warehouse, destination, day)
    assert {name.split("/")[1] for name in objects(filesystem)} == {"loaded_on=2026-11-24"}


def test_nothing_is_seen_of_an_export_that_breaks_off(
    warehouse: Engine,
    ingest_run_id: int,
    filesystem: Any,
    destination: ObjectStoreDestination,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(warehouse, ingest_run_id, MONDAY, "a", pages=100, text="zebra " * 500)
    small = partial(parquet.PartitionWriter, row_group_bytes=50_000, file_bytes=5_000)
    monkeypatch.setattr(exporting, "PartitionWriter", small)
    monkeypatch.setattr(rows, "_GROUP_CHARACTERS", 20_000)
    real, written = parquet.PartitionWriter._end_file, []

    def break_off_at_the_second(writer: parquet.PartitionWriter) -> None:
        written.append(1)
        if len(written) == 2:
            raise KeyboardInterrupt
        real(writer)

    monkeypatch.setattr(parquet.PartitionWriter, "_end_file", break_off_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        export_day(warehouse, destination, MONDAY, tables=[ExportedTable.PAGES])
    assert objects(filesystem) == []
    assert filesystem.call_s3("list_multipart_uploads", Bucket="reports").get("Uploads", []) == []
    monkeypatch.setattr(parquet.PartitionWriter, "_end_file", real)
    (done,) = export_day(warehouse, destination, MONDAY, tables=[ExportedTable.PAGES])
    assert done.files == len(objects(filesystem)) > 1
    assert sorted(pages(filesystem).page_no) == list(range(1, 101))


def test_what_a_killed_export_completed_is_replaced_by_the_next(
    warehouse: Engine, ingest_run_id: int, filesystem: Any, destination: ObjectStoreDestination
) -> None:
    """Killed when the new files were complete and the old ones not yet removed."""
    load(warehouse, ingest_run_id, MONDAY, "a")
    export_day(warehouse, destination, MONDAY)
    old = {path: filesystem.cat(path) for path in filesystem.find("reports/text of days/pages")}
    load(warehouse, ingest_run_id, MONDAY, "b")
    export_day(warehouse, destination, MONDAY)
    for path, content in old.items():
        filesystem.pipe(path, content)
    assert days_to_export(warehouse, destination, days=DayRange()) == [MONDAY]
    export_day(warehouse, destination, MONDAY)
    assert len(pages(filesystem)) == 4


def test_refusals_are_sentences_without_secrets(
    warehouse: Engine, ingest_run_id: int, filesystem: Any
) -> None:
    load(warehouse, ingest_run_id, MONDAY)
    elsewhere = ObjectStoreDestination(filesystem, "s3://no-such-bucket/x")
    with pytest.raises(ExportError, match="there is no such bucket") as refusal:
        export_day(warehouse, elsewhere, MONDAY)
    assert s3_server.PASSWORD not in str(refusal.value)

"""Archives through the whole DAG: members are media like others, and the books add up."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.utils.state import DagRunState
from archive_making import tar_bytes, zip_bytes
from sqlalchemy import Engine, text

from textmill.access import NoConnections
from textmill.run_wishes import Reread, RunWishes

Ingest = Callable[..., Any]

STEADY = "misbehaving_engines:steady"
"""Says the size of each page: what is tested here is what happens before and after reading."""


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


def latest_run(warehouse: Engine) -> Any:
    run = rows(warehouse, "SELECT * FROM v_run ORDER BY started_at DESC LIMIT 1")[0]
    assert run.media_found == run.media_loaded + run.media_unchanged + run.media_quarantined
    return run


def member(uri: str) -> str:
    return uri.rpartition("/in/")[2]


@pytest.fixture
def source(tmp_path: Path, samples: Path) -> Path:
    """A folder with a picture, and an archive of everything that archives hold."""
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(samples / "table-ferry.png", folder)
    letter = (samples / "letter-orchard.jpg").read_bytes()
    inner = tar_bytes({"deep/report.pdf": (samples / "report-minutes.pdf").read_bytes()}, "w:gz")
    box = zip_bytes(
        {
            "letters/memo 1.png": (samples / "memo-moving.png").read_bytes(),
            "inner.tar.gz": inner,
            ".DS_Store": b"hidden",
            "../evil.png": b"evil",
            "broken.jpg": letter[:5000],
            "copy-of-ferry.png": (samples / "table-ferry.png").read_bytes(),
            "void.png": b"",
        }
    )
    (folder / "box.zip").write_bytes(box)
    return folder


def test_members_are_media_and_a_second_run_opens_nothing(
    warehouse: Engine, ingest: Ingest, source: Path, deployment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ingest(source, engine=STEADY).state == DagRunState.SUCCESS
    documents = rows(warehouse, "SELECT * FROM v_document ORDER BY uri")
    assert [(member(one.uri), one.kind, one.status, one.page_count) for one in documents] == [
        ("box.zip", "archive", "loaded", 0),
        ("box.zip!broken.jpg", "image", "quarantined", documents[1].page_count),
        ("box.zip!copy-of-ferry.png", "image", "loaded", 1),
        ("box.zip!inner.tar.gz", "archive", "loaded", 0),
        ("box.zip!inner.tar.gz!deep/report.pdf", "pdf", "loaded", 2),
        ("box.zip!letters/memo%201.png", "image", "loaded", 1),
    ]
    assert documents[2].text.startswith("page 1 of ")
    assert all(one.loaded_at for one in documents if one.status == "loaded")
    assert rows(warehouse, "SELECT COUNT(*) FROM v_page") == [(4,)]
    refused = rows(warehouse, "SELECT uri, reason, message, status FROM v_quarantine ORDER BY uri")
    assert [(member(one.uri), one.reason, one.status) for one in refused] == [
        ("box.zip!../evil.png", "unsafe_archive_member", "open"),
        ("box.zip!broken.jpg", "damaged_image", "open"),
        ("box.zip!void.png", "empty_file", "open"),
    ]
    assert refused[1].message.startswith("box.zip!broken.jpg")
    run = latest_run(warehouse)
    # box.zip, inner.tar.gz, memo, report and ferry are loaded, the second ferry is known.
    assert (run.media_found, run.media_loaded, run.media_unchanged, run.media_quarantined) == (9, 5, 1, 3)
    kept = [path for path in (deployment / "content").rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [documents[1].sha256]

    def never(*_: object) -> None:
        raise AssertionError("an archive was opened")

    monkeypatch.setattr("textmill.stages.intake.open_archive", never)
    assert ingest(source, engine=STEADY).state == DagRunState.SUCCESS
    run = latest_run(warehouse)
    assert (run.media_found, run.media_unchanged, run.batches) == (2, 2, 0)


def test_a_member_that_may_be_read_next_time_has_its_archive_opened_again(
    warehouse: Engine, ingest: Ingest, source: Path, deployment: Path
) -> None:
    assert ingest(source, engine="misbehaving_engines:crashing").state == DagRunState.SUCCESS
    crashed = rows(warehouse, "SELECT uri FROM v_quarantine WHERE reason = 'page_crashed_reader'")
    assert [member(row.uri) for row in crashed] == ["box.zip!inner.tar.gz!deep/report.pdf"]
    loaded = rows(warehouse, "SELECT loaded_at FROM v_page WHERE uri LIKE '%memo%'")

    assert ingest(source, engine=STEADY).state == DagRunState.SUCCESS
    status = "SELECT status FROM v_quarantine WHERE reason = 'page_crashed_reader'"
    assert rows(warehouse, status) == [("resolved",)]
    assert latest_run(warehouse).media_found == 9
    assert rows(warehouse, "SELECT loaded_at FROM v_page WHERE uri LIKE '%memo%'") == loaded
    assert ingest(source, engine=STEADY).state == DagRunState.SUCCESS
    assert latest_run(warehouse).media_found == 2


def test_an_archive_that_breaks_off_is_partial_until_it_is_mended(
    warehouse: Engine, ingest: Ingest, source: Path, samples: Path, deployment: Path
) -> None:
    whole = (source / "box.zip").read_bytes()
    (source / "box.zip").write_bytes(whole[:-200])
    assert ingest(source, engine=STEADY).state == DagRunState.SUCCESS
    (box,) = rows(warehouse, "SELECT * FROM v_document WHERE uri LIKE '%box.zip'")
    assert box.status == "partial"
    entry = "SELECT reason, sha256, status FROM v_quarantine WHERE uri LIKE '%box.zip'"
    assert rows(warehouse, entry) == [("damaged_archive", box.sha256, "open")]
    latest_run(warehouse)
    assert [path.name for path in (deployment / "content").rglob(box.sha256)] == [box.sha256]

    (source / "box.zip").touch()
    assert ingest(source, engine=STEADY).state == DagRunState.SUCCESS
    assert rows(warehouse, entry) == [("damaged_archive", box.sha256, "open")]
    assert latest_run(warehouse).media_unchanged == 2

    (source / "box.zip").write_bytes(whole)
    assert ingest(source, engine=STEADY).state == DagRunState.SUCCESS
    assert rows(warehouse, entry) == [("damaged_archive", box.sha256, "resolved")]
    assert latest_run(warehouse).media_loaded == 1  # what lies in it is known


def test_an_archive_in_two_places_is_opened_once_and_force_reads_all_of_it(
    warehouse: Engine, ingest: Ingest, source: Path
) -> None:
    shutil.copy(source / "box.zip", source / "second.zip")
    assert ingest(source, engine=STEADY, batch_seconds=1).state == DagRunState.SUCCESS
    run = latest_run(warehouse)
    assert run.batches == 3
    assert (run.media_found, run.media_loaded, run.media_unchanged, run.media_quarantined) == (10, 5, 2, 3)
    pages = rows(warehouse, "SELECT * FROM v_page ORDER BY uri, page_no")

    assert ingest(source, engine=STEADY, batch_seconds=100, reread="everything").state == DagRunState.SUCCESS
    run = latest_run(warehouse)
    assert (run.media_found, run.media_loaded, run.media_unchanged, run.media_quarantined) == (10, 5, 2, 3)
    assert rows(warehouse, "SELECT * FROM v_page ORDER BY uri, page_no") == pages

    assert ingest(source, engine=STEADY, reread="nothing").state == DagRunState.SUCCESS
    run = latest_run(warehouse)
    assert (run.media_found, run.media_unchanged) == (3, 3)


def test_fetching_again_gives_the_same(
    warehouse: Engine, source: Path, deployment: Path, airflow_database: None
) -> None:
    """As when a fetch is killed: half of its claims are made, and nothing is handed on."""
    from textmill import settings
    from textmill.stages import fetch as stage
    from textmill.stages import intake
    from textmill.stages.discover import discover
    from textmill.stages.plan import plan
    from textmill.staging import BatchArea, Staging

    staging, knobs = Staging(deployment), settings.load()
    discover(
        warehouse,
        staging,
        knobs,
        run_id="r",
        source=str(source),
        schedule="nightly",
        params={},
        wishes=RunWishes(),
        connections=NoConnections(),
    )
    (uri,) = plan(warehouse, staging, knobs, run_id="r", batch_seconds=1000, wishes=RunWishes())

    def fetch() -> str:
        stage.fetch(
            warehouse,
            staging,
            knobs,
            run_id="r",
            batch_uri=uri,
            reread=Reread.NOTHING,
            connections=NoConnections(),
        )
        return BatchArea.at(uri).fetched.read_text()

    class Killed(BaseException):
        pass

    sniff, left = intake.sniff, 4

    def kill(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return sniff(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "sniff", kill)
        with pytest.raises(Killed):
            fetch()
    assert not BatchArea.at(uri).fetched.exists()
    first = fetch()
    assert fetch() == first
    from textmill.records import FetchedItem
    from textmill.staging import items_to_read, read_records

    items = list(read_records(BatchArea.at(uri).fetched, FetchedItem))
    assert len({one.item.item_no for one in items}) == len(items) == 9
    assert [member(item.ref.uri) for item, _ in items_to_read(BatchArea.at(uri))] == [
        "box.zip!letters/memo%201.png",
        "box.zip!inner.tar.gz!deep/report.pdf",
        "box.zip!broken.jpg",
        "box.zip!copy-of-ferry.png",
    ]
    assert rows(warehouse, "SELECT media_total, media_members FROM ingest_batch") == [(9, 7)]


def test_a_nest_of_bombs_costs_little(warehouse: Engine, ingest: Ingest, tmp_path: Path) -> None:
    bomb = zip_bytes({"zeros.png": bytes(30_000_000)})
    for level in range(4):
        bomb = zip_bytes({f"{number}.zip": bomb for number in range(4)} | {f"{level}.png": b"x"})
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "42.zip").write_bytes(bomb)
    assert ingest(folder, engine=STEADY).state == DagRunState.SUCCESS
    reasons = dict(rows(warehouse, "SELECT reason, COUNT(*) FROM v_quarantine GROUP BY reason"))
    # Equal content is opened once, and the third level not at all.
    assert reasons["archive_too_large"] == 4
    latest_run(warehouse)

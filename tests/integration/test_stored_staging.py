"""The whole DAG with the staging area in an object store: machines share nothing but that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.utils.state import DagRunState
from archive_making import zip_bytes
from hostile_server import running_server
from sqlalchemy import Engine, text
from stored_staging import StoredStaging, stored_staging

SOURCES = """
sources:
  - name: papers
    location: {folder}
    schedule: nightly
  - name: web
    location: {manifest}
    allow_private: true
    schedule: nightly
"""


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


@pytest.fixture
def store(deployment: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredStaging]:
    with stored_staging(monkeypatch) as store:
        yield store


@pytest.fixture
def sources(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with a picture, a broken one, and an archive of a document and a text; and two URLs."""
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(samples / "table-ferry.png", folder)
    (folder / "broken.png").write_bytes((samples / "table-ferry.png").read_bytes()[:300])
    report = (samples / "report-minutes.pdf").read_bytes()
    (folder / "box.zip").write_bytes(
        zip_bytes({"report.pdf": report, "b.txt": b"The harbour is open.\n" * 20})
    )
    with running_server() as server:
        manifest = tmp_path / "list.txt"
        manifest.write_text(f"{server.url('/small?n=1')}\n{server.url('/status?code=404')}\n")
        (tmp_path / "sources.yaml").write_text(SOURCES.format(folder=folder, manifest=manifest))
        monkeypatch.setenv("TEXTMILL_SOURCES_FILE", str(tmp_path / "sources.yaml"))
        yield


FACTS = (
    "SELECT uri, page_no, text, confidence FROM v_page ORDER BY uri, page_no",
    "SELECT uri, reason, message, status FROM v_quarantine ORDER BY uri",
    "SELECT uri, kind, status, page_count FROM v_document ORDER BY uri",
)


def test_a_run_leaves_the_same_rows_as_with_a_folder_and_nothing_on_the_machine(
    warehouse: Engine,
    deployment: Path,
    store: StoredStaging,
    media_ingest: Any,
    sources: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wishes = {"engine": "misbehaving_engines:steady", "batch_seconds": 30}
    run = media_ingest.test(run_conf=wishes)
    assert run.state == DagRunState.SUCCESS
    facts = [rows(warehouse, sql) for sql in FACTS]
    assert [len(one) for one in facts] == [5, 2, 6]
    assert [path for path in deployment.rglob("*") if path.is_file()] == [deployment / "work" / ".lock"]

    names = store.names()
    kept = rows(warehouse, "SELECT sha256 FROM quarantine WHERE sha256 IS NOT NULL")
    assert [name for name in names if name.startswith("content/")] == [
        f"content/{sha256[:2]}/{sha256}" for (sha256,) in kept
    ], "what is loaded is gone, what is in quarantine stays"
    assert {name.split("/")[0] for name in names} == {"content", "data_docs", "runs"}
    assert [name for name in names if name.endswith((".part", ".lock"))] == []

    for name in ("TEXTMILL_STAGING_STORE", "TEXTMILL_STAGING_CONNECTION"):
        monkeypatch.delenv(name)
    run = media_ingest.test(run_conf=wishes | {"reread": "everything"})
    assert run.state == DagRunState.SUCCESS
    assert [rows(warehouse, sql) for sql in FACTS] == facts

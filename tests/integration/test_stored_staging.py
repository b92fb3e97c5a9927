"""The whole DAG with the staging area in an object store: machines share nothing but that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.utils.state import DagRunState
from archive_making import zip_bytes
from sqlalchemy import Engine, text
from stored_staging import StoredStaging, stored_staging

STEADY = "misbehaving_engines:steady"


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


@pytest.fixture
def store(deployment: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredStaging]:
    with stored_staging(monkeypatch) as store:
        yield store


@pytest.fixture
def source(tmp_path: Path, samples: Path) -> Path:
    """A picture, a document, a text, one broken file, and an archive of a picture and a text."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("table-ferry.png", "report-minutes.pdf"):
        shutil.copy(samples / name, folder)
    (folder / "note.txt").write_text("The ferry leaves at seven.\n" * 20)
    (folder / "broken.png").write_bytes((samples / "table-ferry.png").read_bytes()[:300])
    box = {"memo.png": (samples / "memo-moving.png").read_bytes(), "b.txt": b"The harbour is open.\n" * 20}
    (folder / "box.zip").write_bytes(zip_bytes(box))
    return folder


PAGES = "SELECT uri, page_no, text FROM v_page ORDER BY uri, page_no"
QUARANTINE = "SELECT uri, reason FROM v_quarantine ORDER BY uri"


def test_a_run_leaves_the_same_rows_and_nothing_on_the_machine(
    warehouse: Engine, deployment: Path, store: StoredStaging, media_ingest: Any, source: Path
) -> None:
    run = media_ingest.test(run_conf={"source": str(source), "engine": STEADY})
    assert run.state == DagRunState.SUCCESS
    print(store.requests)
    print(rows(warehouse, PAGES), rows(warehouse, QUARANTINE))
    print(store.names())
    print([path for path in deployment.rglob("*")])

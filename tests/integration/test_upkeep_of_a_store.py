"""Cleaning up, auditing, exporting and looking at reports while the staging area is an S3 on loopback."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from loaded_document import has_text, load
from s3_server import put_many
from sqlalchemy import Engine
from staged_ingest import StagedIngest
from stored_staging import STORE, StoredStaging, stored_staging

from textmill.errors import StoreUnavailable
from textmill.quality.data_docs_site import batch_page, run_page
from textmill.retention import Periods, Removed, clean
from textmill.settings import Settings
from textmill.settings import load as load_settings
from textmill.shared_staging import SharedStaging
from textmill.warehouse.connection import utc_now
from textmill.warehouse.runs import plan_run, run_key, start_run
from textmill_airflow.connections import AirflowConnections
from textmill_airflow.links import QualityReportLink
from textmill_airflow.quality_pages import read_page

DAYS = Periods(staging=1, content=1, run=0, quarantine=0, data_docs=1, audit=0, torn=1)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredStaging]:
    monkeypatch.setenv("TEXTMILL_STAGING_DIR", str(tmp_path / "staging"))
    with stored_staging(monkeypatch) as store:
        yield store


@pytest.fixture
def mill(warehouse: Engine, tmp_path: Path, store: StoredStaging) -> StagedIngest:
    """A run over a file that is loaded, one that is in part, and one that is refused."""

    def access(settings: Settings) -> SharedStaging:
        return SharedStaging(store.store, settings)

    mill = StagedIngest.below(warehouse, tmp_path, access)
    mill.write("whole.pdf", "good", "good")
    mill.write("partial.pdf", "good", "bad")
    mill.write("broken.pdf", "broken")
    mill.run("first")
    return mill


def sweep(mill: StagedIngest, *, dry_run: bool = False) -> dict[str, Removed]:
    with mill.access.of_all() as staging:
        removed = clean(
            mill.warehouse,
            staging,
            load_settings(),
            AirflowConnections(),
            periods=DAYS,
            now=utc_now() + timedelta(days=2),
            dry_run=dry_run,
        )
    return {one.kind: one for one in removed}


def counts(removed: dict[str, Removed]) -> dict[str, int]:
    return {kind: one.count for kind, one in removed.items() if one.count}


def test_what_is_old_goes_from_the_store_with_a_request_for_each_thousand_objects(
    mill: StagedIngest, store: StoredStaging
) -> None:
    for page in (run_page("first"), batch_page("first", 0)):
        store.store.write(f"data_docs/{page}", b"<p>fine</p>")
    parts = "textmill/runs/run=first/batches/0001/pages.jsonl/000001-00/0000"
    put_many("staging", (f"{parts}/{number:012d}-{number + 1:012d}" for number in range(1100)))
    orphan = "ab" * 32
    store.store.write(f"content/{orphan[:2]}/{orphan}", b"left by a killed load")
    copies = [name for name in store.names() if name.startswith("content/") and orphan not in name]
    assert len(copies) == 2
    before = store.names()
    dry = sweep(mill, dry_run=True)
    assert store.names() == before
    store.requests.clear()
    assert sweep(mill) == dry
    assert counts(dry) == {"staging folders": 1, "fetched copies": 1, "reports of the quality gate": 1}
    assert dry["staging folders"].bytes > 1100
    assert store.names() == copies
    # Files by which stages begin, two thousands of the others and what is left; a copy; a site.
    assert store.requests["DELETE"] <= 6
    assert store.requests["LIST"] <= 20
    assert counts(sweep(mill)) == {}


def test_what_the_store_does_not_let_be_removed_is_said_and_not_counted(
    mill: StagedIngest, store: StoredStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 answers 200 to such a request, with what it refused in the body."""
    ask = type(store.filesystem).call_s3

    def refusing(filesystem: Any, method: str, *arguments: Any, **wish: Any) -> Any:
        if method == "delete_objects":
            keys = wish["Delete"]["Objects"]
            return {"Errors": [{"Code": "AccessDenied", **one} for one in keys]}
        return ask(filesystem, method, *arguments, **wish)

    monkeypatch.setattr(type(store.filesystem), "call_s3", refusing)
    with pytest.raises(StoreUnavailable, match="access was denied; its connection must be allowed to"):
        sweep(mill)
    monkeypatch.undo()


@contextmanager
def running_stack(monkeypatch: pytest.MonkeyPatch, warehouse: Engine, module: str) -> Iterator[Any]:
    """Have a command of the stack use this warehouse."""
    import importlib

    command = importlib.import_module(module)

    @contextmanager
    def here() -> Iterator[Engine]:
        yield warehouse

    monkeypatch.setattr(command, "warehouse_of_stack", here)
    yield command


def test_make_audit_looks_into_the_store_and_names_what_lies_there(
    mill: StagedIngest,
    store: StoredStaging,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    with running_stack(monkeypatch, mill.warehouse, "stack.auditing") as command:
        assert command.main(["--all"]) == 0
        assert "agree" in capsys.readouterr().out
        first, second = (name for name in store.names() if name.startswith("content/"))
        store.store.write(first, b"something else")
        store.store.remove([second, "runs/run=first/batches/0000/items.jsonl"])
        assert command.main(["--all"]) == 1
    said = capsys.readouterr().out
    assert f"The bytes of {STORE}/{first} do not have the hash that is its name." in said
    assert f"no copy {STORE}/{second}." in said
    batch = f"{STORE}/runs/run%3Dfirst/batches/0000"
    assert f"Of {batch}, a file cannot be read: {batch}/items.jsonl is missing." in said
    assert str(tmp_path / "staging") not in said
    assert list((tmp_path / "staging" / "work").glob("task-*")) == []


def test_a_document_is_exported_from_the_copy_that_only_the_store_has(
    warehouse: Engine,
    store: StoredStaging,
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    scan = Path(shutil.copy(repository / "samples" / "memo-moving.png", tmp_path / "memo.png"))
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "file:///in", {}, utc_now())
        plan_run(connection, "run-1", [(1, 1.0)])
        key = run_key(connection, "run-1")
    content = scan.read_bytes()
    load(warehouse, key, scan.as_uri(), content)
    scan.unlink()
    digest = hashlib.sha256(content).hexdigest()
    out = tmp_path / "memo.pdf"
    wish = ["export-document", "--uri", str(scan), "--out", str(out)]
    with running_stack(monkeypatch, warehouse, "stack.exporting") as command:
        assert command.main(wish) == 1
        assert "is nowhere any more" in capsys.readouterr().err
        store.store.write(f"content/{digest[:2]}/{digest}", content)
        assert command.main(wish) == 0
    assert has_text(out)


def test_a_report_is_linked_and_served_from_the_store(store: StoredStaging) -> None:
    class Task:
        batch_uri = f"{STORE}/runs/run%3Drun-1/batches/0003"

    class Key:
        run_id = "run-1"

    page = batch_page("run-1", 3)
    link = QualityReportLink().get_link(Task(), ti_key=Key())  # type: ignore[arg-type]
    assert link.endswith(f"/textmill/quality/{page}")
    assert read_page(str(page)) is None
    store.store.write(f"data_docs/{page}", b"<p>fine</p>")
    store.store.write("runs/secret.html", b"no report")
    assert read_page(str(page)) == b"<p>fine</p>"
    assert read_page("../runs/secret.html") is None

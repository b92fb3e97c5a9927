"""A prefix of S3, from discovery to the content store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from s3_server import connection, make_bucket, put, running_s3
from sqlalchemy import Engine

from textmill.records import FetchedItem, FetchOutcome
from textmill.run_wishes import Reread, RunWishes
from textmill.settings import Settings
from textmill.stages.discover import discover
from textmill.stages.fetch import fetch
from textmill.stages.plan import plan
from textmill.staging import BatchArea, Staging, name_of, read_records


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The file system of an S3 with one empty bucket, which the connection `ingest_s3` leads to."""
    from textmill_airflow.connections import AirflowConnections

    with running_s3() as endpoint:
        monkeypatch.setenv("AIRFLOW_CONN_INGEST_S3", connection(endpoint))
        filesystem = AirflowConnections().filesystem("s3://inbox", "ingest_s3")
        make_bucket(filesystem, "inbox")
        yield filesystem


def test_objects_are_found_planned_and_fetched_once(warehouse: Engine, tmp_path: Path, store: Any) -> None:
    from textmill_airflow.connections import AirflowConnections

    contents = {"in/a b#1.txt": b"first text", "in/deep/b.txt": b"second text", "in/empty.pdf": b""}
    for key, content in (contents | {"in/.hidden.txt": b"hidden", "elsewhere/c.txt": b"other"}).items():
        put(store, "inbox", key, content)
    settings = Settings(
        staging_dir=tmp_path / "staging", stable_seconds=0, sources_file=tmp_path / "none.yaml"
    )
    staging = Staging(settings.staging_dir)
    connections = AirflowConnections()

    def run(run_id: str) -> list[FetchedItem]:
        discover(
            warehouse,
            staging,
            settings,
            run_id=run_id,
            source="s3://ingest_s3@inbox/in",
            schedule="nightly",
            params={},
            wishes=RunWishes(),
            connections=connections,
        )
        uris = plan(warehouse, staging, settings, run_id=run_id, batch_seconds=60, wishes=RunWishes())
        fetched = []
        for uri in uris:
            fetch(
                warehouse,
                staging,
                settings,
                run_id=run_id,
                batch_uri=uri,
                reread=Reread.NOTHING,
                connections=connections,
            )
            fetched += read_records(BatchArea.at(uri).fetched, FetchedItem)
        return fetched

    first = {name_of(one.item.ref.uri): one for one in run("first")}
    assert {name: one.outcome for name, one in first.items()} == {
        "a b#1.txt": FetchOutcome.READ,
        "b.txt": FetchOutcome.READ,
        "empty.pdf": FetchOutcome.REJECTED,
    }
    assert {(staging.root / one.content.path).read_bytes() for one in first.values() if one.content} == {
        b"first text",
        b"second text",
    }
    # Nothing that is staged holds what the connection holds.
    staged = b"".join(path.read_bytes() for path in tmp_path.rglob("*.jsonl"))
    assert b"EXAMPLEKEY" not in staged
    put(store, "inbox", "in/deep/b.txt", b"second text, changed")
    second = [one for one in run("second") if name_of(one.item.ref.uri) == "b.txt"]
    assert [one.content.bytes for one in second if one.content] == [20]

"""A staging area in an object store: each task on another machine, killed tasks, plans made anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from archive_making import zip_bytes
from hostile_server import HostileServer, running_server
from small_ingest import SmallIngest
from sqlalchemy import URL, Engine, text
from stored_staging import STORE, StoredStaging, stored_staging
from url_items import HASTY, url_item
from warehouse_records import page

from textmill.access import NoConnections
from textmill.checkpoint import Checkpoint, read_pages
from textmill.errors import StagingError, StoreUnavailable
from textmill.object_folder import ObjectFolder
from textmill.page_table import write_pages, write_verdicts
from textmill.records import (
    BatchItem,
    FetchedItem,
    FetchOutcome,
    MediaRef,
    MediumDone,
    MediumOpened,
    Outcome,
    PageRead,
    PageVerdict,
    SourceKind,
    SourceSpec,
)
from textmill.run_wishes import Reread
from textmill.settings import Settings
from textmill.shared_staging import SharedStaging
from textmill.stages.fetch import fetch
from textmill.stages.report import report
from textmill.staging import BatchArea, items_to_read, read_records, write_records
from textmill.staging_access import StagedBatch
from textmill.warehouse.connection import utc_now
from textmill.warehouse.runs import plan_run, start_run

RUN = "manual__2026-11-24T15:31:13+00:00"
WEB = SourceSpec(name="web", kind=SourceKind.MANIFEST, location="http://a/list", allow_private=True)


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


@dataclass
class Machines:
    """Each task runs on a machine that was never used before, and leaves nothing on it."""

    store: StoredStaging
    warehouse: Engine
    folder: Path
    used: int = 0

    def access(self) -> SharedStaging:
        self.used += 1
        settings = Settings(
            **HASTY | {"staging_dir": self.folder / f"machine-{self.used}", "checkpoint_seconds": 0.2}
        )
        return SharedStaging(self.store.store, settings)

    def mill(self, staging: Any) -> SmallIngest:
        settings = Settings(stable_seconds=0)
        return SmallIngest(self.warehouse, self.folder / "in", staging, settings)

    def start(self, batch_seconds: float = 1000) -> list[str]:
        """Discover and plan; returns the addresses of the batches."""
        with self.access().of_run(RUN) as staging:
            uris = self.mill(staging).start(RUN, batch_seconds=batch_seconds)
            return [staging.address(BatchArea.at(uri)) for uri in uris]

    def at(self, address: str, work: Callable[[SmallIngest, StagedBatch], None]) -> None:
        """Do something with a batch."""
        with self.access().of_batch(address) as batch:
            work(self.mill(batch.staging), batch)

    def left(self) -> list[Path]:
        """Files on all machines, but for the lock of their folders."""
        return [
            path for path in self.folder.glob("machine-*/**/*") if path.is_file() and path.name != ".lock"
        ]


@pytest.fixture
def machines(warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    (tmp_path / "in").mkdir()
    with stored_staging(monkeypatch) as store:
        yield Machines(store, warehouse, tmp_path)


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    with running_server() as server:
        yield server


def fetch_it(mill: SmallIngest, batch: StagedBatch) -> None:
    mill.fetch(RUN, batch.uri)


def read_it(mill: SmallIngest, batch: StagedBatch) -> None:
    batch.staging.bring_copies(content for _, content in items_to_read(batch.area))
    with batch.staging.checkpoint_publisher(batch.area):
        mill.judge(RUN, batch.uri)


def read_it_again(mill: SmallIngest, batch: StagedBatch) -> None:
    """As the operator does when everything is in the checkpoint."""
    pages = list(read_pages(batch.area.checkpoint))
    assert len(pages) == 5
    assert write_pages(batch.area.pages, pages) == len(pages)


def load_it(mill: SmallIngest, batch: StagedBatch) -> None:
    mill.finish_batch(RUN, batch.uri)


def test_each_task_may_run_on_another_machine_and_run_again(machines: Machines) -> None:
    mill = machines.mill(None)
    mill.write("whole.pdf", "good", "good")
    mill.write("partial.pdf", "good", "bad")
    (mill.folder / "box.zip").write_bytes(zip_bytes({"in.pdf": mill.write("in.pdf", "good").read_bytes()}))
    (mill.folder / "in.pdf").unlink()
    for _ in range(2):
        (address,) = machines.start()
        assert address.startswith(STORE) and address.endswith("/batches/0000")
    for work in (fetch_it, fetch_it, read_it, read_it_again, load_it, load_it):
        machines.at(address, work)
    with machines.access().of_run(RUN) as staging:
        summary = report(machines.warehouse, staging, run_id=RUN)
    assert (summary.media_loaded, summary.media_quarantined, summary.pages_loaded) == (4, 0, 4)
    assert rows(machines.warehouse, "SELECT COUNT(*) FROM v_page") == [(4,)]
    assert machines.used == 9 and machines.left() == []


def test_requests_of_a_batch_are_few_and_three_for_each_medium(machines: Machines) -> None:
    """The figures of docs/staging.md."""
    counted = []
    for media in (1, 11):
        for number in range(media):
            machines.mill(None).write(f"{media}-{number}.pdf", "good")
        (address,) = machines.start()
        machines.store.requests.clear()
        for work in (fetch_it, read_it, load_it):
            machines.at(address, work)
        counted.append(machines.store.requests.copy())
    few, more = counted
    assert more - few == {"GET": 10, "PUT": 10, "DELETE": 10}
    assert few.total() < 60, few


def test_the_batches_of_an_earlier_plan_are_gone_from_the_store(machines: Machines) -> None:
    for number in range(3):
        machines.mill(None).write(f"{number}.pdf", "good")
    before = machines.start(batch_seconds=0.1)
    assert len(before) == 3
    for address in before:
        machines.at(address, fetch_it)
        machines.at(address, read_it)
    assert any("/pages.jsonl/" in name for name in machines.store.names())
    (address,) = machines.start()
    assert sorted(name.split("/batches/")[1] for name in machines.store.names() if "/batches/" in name) == [
        "0000/items.jsonl",
        "0000/profile.json",
    ]
    for work in (fetch_it, read_it, load_it):
        machines.at(address, work)
    assert rows(machines.warehouse, "SELECT COUNT(*) FROM v_page") == [(3,)]


def test_a_batch_of_another_place_is_refused_in_words(machines: Machines) -> None:
    for address in ("file:///staging/runs/run=a/batches/0000", "s3://staging/other/runs/run=a/batches/0000"):
        with (
            pytest.raises(StagingError, match="is no batch below s3://staging/textmill"),
            machines.access().of_batch(address),
        ):
            pass


def plan_items(machines: Machines, batches: list[list[BatchItem]]) -> list[str]:
    """Plan a run of these batches; returns their addresses."""
    with machines.warehouse.begin() as connection:
        start_run(connection, RUN, "web", {}, utc_now())
        plan_run(connection, RUN, [(len(items), 1.0) for items in batches])
    with machines.access().of_run(RUN) as staging:
        run = staging.run(RUN)
        write_records(run.sources, [WEB], SourceSpec)
        for number, items in enumerate(batches):
            write_records(run.batch(number).items, items, BatchItem)
        return [staging.address(run.batch(number)) for number in range(len(batches))]


def test_a_document_in_parts_is_put_together_on_whichever_machine_has_the_last_part(
    machines: Machines,
) -> None:
    document = machines.mill(None).write("long.pdf", "good", "good")
    ref = MediaRef(uri=document.as_uri(), source="in", bytes=1, modified_ns=1)
    parts = [
        BatchItem(item_no=0, ref=ref, estimated_pages=1, estimated_seconds=1, part=part, parts=2)
        for part in range(2)
    ]

    def read_part(mill: SmallIngest, batch: StagedBatch) -> None:
        ((item, content),) = items_to_read(batch.area)
        number = item.part + 1
        record = page(number).model_copy(update={"sha256": content.sha256})
        with (
            batch.staging.checkpoint_publisher(batch.area),
            Checkpoint(batch.area.checkpoint, "f1") as checkpoint,
        ):
            checkpoint.append(MediumOpened(sha256=content.sha256, page_count=1, whole_page_count=2))
            checkpoint.append(PageRead(page=record))
            checkpoint.append(MediumDone(sha256=content.sha256))
        write_pages(batch.area.pages, read_pages(batch.area.checkpoint))
        verdict = PageVerdict(sha256=content.sha256, page_no=number, outcome=Outcome.ACCEPTED)
        write_verdicts(batch.area.verdicts, [verdict])

    addresses = plan_items(machines, [[part] for part in parts])
    for address in addresses:
        assert rows(machines.warehouse, "SELECT page_no FROM v_page") == []
        for work in (fetch_it, read_part, load_it):
            machines.at(address, work)
    assert rows(machines.warehouse, "SELECT page_no FROM v_page ORDER BY page_no") == [(1,), (2,)]
    assert [name for name in machines.store.names() if name.startswith("content/")] == []


KILLED = """
import sys
from textmill.access import NoConnections
from textmill.object_folder import ObjectFolder
from textmill.run_wishes import Reread
from textmill.settings import Settings
from textmill.shared_staging import SharedStaging
from textmill.stages.fetch import fetch
from textmill.warehouse.connection import warehouse_engine
from textmill_airflow.connections import AirflowConnections

url, run_id, store, connection, batch = sys.argv[1:]
filesystem = AirflowConnections().filesystem(store, connection)
settings = Settings(checkpoint_seconds=0.2)
access = SharedStaging(ObjectFolder(filesystem, store), settings)
with warehouse_engine(url) as warehouse, access.of_batch(batch) as staged:
    fetch(warehouse, staged.staging, settings, run_id=run_id, batch_uri=staged.uri,
          reread=Reread.NOTHING, connections=NoConnections())
"""


def test_what_a_killed_fetch_has_downloaded_is_not_asked_for_by_another_machine(
    machines: Machines, warehouse_server: URL, tmp_path: Path, server: HostileServer
) -> None:
    items = [url_item(server.url(f"/small?n=k{number}"), number) for number in range(120)]
    (address,) = plan_items(machines, [items])
    server.asked.clear()
    url = warehouse_server.render_as_string(hide_password=False)
    first = tmp_path / "machine-first"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TEXTMILL_STAGING_DIR": str(first),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, RUN, STORE, machines.store.connection, address],
        env=environment,
        start_new_session=True,
    )
    journal = f"{machines.store.store.name_of(address)}/downloads.jsonl"
    try:
        deadline = time.monotonic() + 90
        while (machines.store.store.read(journal) or b"").count(b"\n") < 20:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    told = (machines.store.store.read(journal) or b"").count(b"\n")
    assert told < 120
    asked_before = server.asked.copy()
    (abandoned,) = (first / "work").glob("task-*")
    assert any(abandoned.rglob("*.jsonl"))

    found: list[FetchedItem] = []

    def fetch_again(mill: SmallIngest, batch: StagedBatch) -> None:
        tally = fetch(
            machines.warehouse,
            batch.staging,
            Settings(**HASTY),
            run_id=RUN,
            batch_uri=batch.uri,
            reread=Reread.NOTHING,
            connections=NoConnections(),
        )
        assert (tally.to_read, tally.unchanged, tally.rejected) == (120, 0, 0)
        found.extend(read_records(batch.area.fetched, FetchedItem))

    machines.at(address, fetch_again)
    assert (server.asked - asked_before).total() == 120 - told
    assert {one.outcome for one in found} == {FetchOutcome.READ}
    kept = {name.rpartition("/")[2] for name in machines.store.names() if name.startswith("content/")}
    assert kept == {one.content.sha256 for one in found if one.content}
    assert (machines.store.store.read(journal) or b"").count(b"\n") == 120

    # The next task on the first machine finds nobody who works in the folder that was left behind.
    next_task = SharedStaging(machines.store.store, Settings(staging_dir=first))
    with next_task.of_batch(address):
        assert not abandoned.exists()


def test_a_copy_that_cannot_be_sent_leaves_no_claim_and_the_retry_sends_it(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.mill(None).write("a.pdf", "good")
    (address,) = machines.start()
    send = ObjectFolder.send

    def refuse_copies(folder: ObjectFolder, path: Path, name: str) -> None:
        if folder.uri.endswith("/content"):
            raise StoreUnavailable("The store is away.")
        send(folder, path, name)

    with monkeypatch.context() as broken, pytest.raises(StoreUnavailable, match="away"):
        broken.setattr(ObjectFolder, "send", refuse_copies)
        machines.at(address, fetch_it)
    assert rows(machines.warehouse, "SELECT COUNT(*) FROM media") == [(0,)]
    assert machines.left() == []
    for work in (fetch_it, read_it, load_it):
        machines.at(address, work)
    assert rows(machines.warehouse, "SELECT COUNT(*) FROM v_page") == [(1,)]


def test_the_same_archive_is_opened_again_without_asking_for_it(
    machines: Machines, server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hostile_server

    box = zip_bytes({"a.txt": b"The ferry leaves at seven.\n" * 9, "b.txt": b"The harbour is open.\n" * 9})

    async def packed(request: hostile_server.Request) -> None:
        await request.answer("200 OK", box, ETag='"box"')

    monkeypatch.setitem(hostile_server.ROUTES, "/box.zip", packed)
    (address,) = plan_items(machines, [[url_item(server.url("/box.zip"))]])
    server.asked.clear()
    outcomes: list[list[str]] = []
    for _ in range(2):
        machines.at(address, fetch_it)
        machines.at(address, lambda mill, batch: outcomes.append(_outcomes(batch.area)))
    assert outcomes == [["opened", "read", "read"]] * 2
    assert server.asked.total() == 1


def _outcomes(area: BatchArea) -> list[str]:
    return sorted(one.outcome.value for one in read_records(area.fetched, FetchedItem))

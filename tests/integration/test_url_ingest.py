"""Fetching URLs as a stage: with the warehouse, the content store and a server that misbehaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest
from hostile_server import ETAG, HOSTS, HostileServer, running_server
from sqlalchemy import URL, Engine, select, update
from url_items import HASTY, url_item

from textmill.access import HttpAccess, NoConnections
from textmill.records import BatchItem, FetchedItem, FetchOutcome, SourceKind, SourceSpec
from textmill.run_wishes import Reread
from textmill.settings import Settings
from textmill.stages.fetch import FetchTally, fetch
from textmill.staging import BatchArea, Staging, read_records, write_records
from textmill.warehouse.connection import utc_now
from textmill.warehouse.runs import plan_run, start_run
from textmill.warehouse.tables import media, media_location

WEB = SourceSpec(
    name="web", kind=SourceKind.MANIFEST, location="http://a/list", allow_private=True, tags=("archive",)
)


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    with running_server() as server:
        yield server


def planned(
    warehouse: Engine,
    staging: Staging,
    items: Sequence[BatchItem],
    run_id: str = "r",
    source: SourceSpec = WEB,
) -> BatchArea:
    """A run with one batch of these items, as discover and plan leave it."""
    with warehouse.begin() as connection:
        start_run(connection, run_id, source.name, {}, utc_now())
        plan_run(connection, run_id, [(len(items), 1.0)])
    area = staging.run(run_id).batch(0)
    write_records(staging.run(run_id).sources, [source], SourceSpec)
    write_records(area.items, items, BatchItem)
    return area


def run_fetch(
    warehouse: Engine,
    staging: Staging,
    area: BatchArea,
    reread: Reread = Reread.NOTHING,
    run_id: str = "r",
    **knobs: Any,
) -> tuple[FetchTally, dict[str, FetchedItem]]:
    tally = fetch(
        warehouse,
        staging,
        Settings(**HASTY | knobs),
        run_id=run_id,
        batch_uri=area.uri,
        reread=reread,
        connections=NoConnections(),
    )
    return tally, {one.item.ref.uri: one for one in read_records(area.fetched, FetchedItem)}


READ, UNCHANGED = FetchOutcome.READ.value, FetchOutcome.UNCHANGED.value
ROUTES = {
    READ: {
        "small": 1300, "redirect?left=2": 100, "gzipped": 50, "deflated": 25, "wrong-type": 50, "part": 30,
        "unavailable-once": 50,
    },
    UNCHANGED: {"conditional": 50},
    "http_refused": {
        "status?code=404": 60, "status?code=403": 30, "status?code=401": 10, "status?code=410": 10,
        "status?code=451": 10,
    },
    "http_failed": {"unavailable": 20},
    "transfer_broken": {
        "truncated": 20, "stall": 10, "mute": 10, "hang-up": 20, "garbage": 10, "header-flood": 3,
        "damaged-gzip": 10, "unknown-encoding": 10, "broken-chunks": 10, "drip": 2,
    },
    "too_many_redirects": {"circle": 20, "redirect?left=30": 5},
    "too_many_bytes": {"huge": 10, "endless": 5, "bomb": 5},
    "empty_file": {"empty": 20, "empty-for-good": 5},
    "address_not_allowed": {"redirect?to=gopher://a/": 5, "redirect?to=http://0x7f.1/": 5},
}  # fmt: skip
"""What becomes of the URLs of each route, and how many of them there are."""


def hostile_items(server: HostileServer) -> dict[str, tuple[BatchItem, str]]:
    """2,000 URLs and what has to become of each."""
    expected: dict[str, tuple[BatchItem, str]] = {}

    def add(url: str, outcome: str, **known: Any) -> None:
        expected[url] = (url_item(url, len(expected), **known), outcome)

    routes = [(route, outcome, count) for outcome, some in ROUTES.items() for route, count in some.items()]
    for route, outcome, count in routes:
        for number in range(count):
            host = HOSTS[len(expected) % 5]
            mark = "&" if "?" in route else "?"
            known = {"etag": ETAG} if route == "conditional" else {}
            add(server.url(f"/{route}{mark}n={route[:3]}{number}&sig=s3cret", host), outcome, **known)
    for number in range(5):  # hosts of their own: what they ask for holds for all their URLs
        add(server.url(f"/too-many-requests?n=429-{number}", HOSTS[5]), READ)
        add(server.url(f"/come-back-tomorrow?n={number}", HOSTS[6]), "http_failed")
        add(f"http://unknown-{number}.invalid/a.pdf", "unreachable")
        add(f"http://127.0.0.1:9/{number}", "unreachable")
        add(f"https://{HOSTS[7]}:{server.port}/fine?n={number}", "unreachable")
    return expected


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textmill.fetching.http.answers._FIRST_BACKOFF_SECONDS", 0.05)


def test_two_thousand_urls_end_each_with_the_right_outcome(
    warehouse: Engine, tmp_path: Path, server: HostileServer
) -> None:
    staging = Staging(tmp_path)
    expected = hostile_items(server)
    assert len(expected) >= 2000
    area = planned(warehouse, staging, [item for item, _ in expected.values()])
    process, before = psutil.Process(), psutil.Process().memory_info().rss

    tally, fetched = run_fetch(
        warehouse, staging, area, max_file_bytes=1_000_000, download_seconds=3.0, requests_at_once=64,
        requests_per_host=16,
    )  # fmt: skip

    became = {
        url: one.rejection.reason.value if one.rejection else one.outcome.value
        for url, one in fetched.items()
    }
    wrong = {
        url: (became.get(url), outcome)
        for url, (_, outcome) in expected.items()
        if became.get(url) != outcome
    }
    assert wrong == {}
    assert tally.to_read + tally.unchanged + tally.rejected == len(expected) == len(fetched)
    assert process.memory_info().rss - before < 100 * 1024**2
    kept = {path.name for path in staging.content.rglob("*") if path.is_file()}
    assert kept == {one.content.sha256 for one in fetched.values() if one.content}
    for one in fetched.values():
        if one.rejection:
            assert "s3cret" not in one.rejection.message + one.rejection.detail


def test_what_an_answer_tells_is_kept_with_the_location(
    warehouse: Engine, tmp_path: Path, server: HostileServer
) -> None:
    staging = Staging(tmp_path)
    items = [
        url_item(server.url("/dated?n=7"), 0, tags=("letters", "archive"), filename="letter.txt"),
        url_item(server.url("/fine?n=8"), 1, modified_ns=5),
        url_item(server.url("/empty"), 2, etag='"old"'),
    ]
    run_fetch(warehouse, staging, planned(warehouse, staging, items))
    with warehouse.connect() as connection:
        rows = {row.uri: row for row in connection.execute(select(media_location))}
        sizes = {row.id: row.bytes for row in connection.execute(select(media))}
    dated, fine = rows[items[0].ref.uri], rows[items[1].ref.uri]
    assert (dated.last_modified, dated.etag, dated.tags) == (
        "Tue, 03 Mar 2026 10:00:00 GMT",
        None,
        ["archive", "letters"],
    )
    assert (dated.bytes, dated.modified_ns) == (sizes[dated.media_id], 1_772_532_000 * 10**9)
    assert (fine.etag, fine.modified_ns, fine.tags) == (ETAG, 5, ["archive"])
    fetched = list(read_records(staging.run("r").batch(0).fetched, FetchedItem))
    (empty,) = [one for one in fetched if one.rejection]
    assert (empty.item.ref.etag, empty.rejection and empty.rejection.reason) == (None, "empty_file")


def test_what_is_known_is_seen_and_not_sent_again(
    warehouse: Engine, tmp_path: Path, server: HostileServer
) -> None:
    staging, url = Staging(tmp_path), server.url("/conditional?n=known")
    run_fetch(warehouse, staging, planned(warehouse, staging, [url_item(url)]))
    long_ago = utc_now().replace(year=2020, microsecond=0)
    with warehouse.begin() as connection:
        connection.execute(
            update(media_location).values(last_seen=long_ago, failures=3, next_try_at=utc_now())
        )
    again = [url_item(url, etag=ETAG)]
    tally, fetched = run_fetch(warehouse, staging, planned(warehouse, staging, again, "r2"), run_id="r2")
    assert (tally.unchanged, fetched[url].content) == (1, None)
    with warehouse.connect() as connection:
        row = connection.execute(select(media_location)).one()
    assert row.last_seen > long_ago and (row.failures, row.next_try_at, row.etag) == (0, None, ETAG)

    area = planned(warehouse, staging, again, "r3")
    tally, fetched = run_fetch(warehouse, staging, area, Reread.EVERYTHING, "r3")
    assert fetched[url].content is not None


def test_an_archive_at_a_url_is_opened_and_its_members_inherit(
    warehouse: Engine, tmp_path: Path, server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hostile_server

    with zipfile.ZipFile(tmp_path / "box.zip", "w") as box:
        box.writestr("in/note.txt", "A note that somebody put into a box. " * 20)
        box.writestr("../out.txt", "no")

    async def packed(request: hostile_server.Request) -> None:
        await request.answer("200 OK", (tmp_path / "box.zip").read_bytes())

    monkeypatch.setitem(hostile_server.ROUTES, "/box.zip", packed)
    url = server.url("/box.zip?sig=s3cret")
    items = [url_item(url, languages=("de",), tags=("letters",))]
    staging = Staging(tmp_path / "staging")
    tally, fetched = run_fetch(warehouse, staging, planned(warehouse, staging, items))
    assert (tally.opened, tally.to_read, tally.rejected) == (1, 1, 1)
    note = fetched[f"{url}!in/note.txt"]
    assert (note.item.ref.languages, note.item.ref.tags) == (("de",), ("letters",))
    assert note.item.ref.filename == "box.zip!in/note.txt"
    (out,) = [one.rejection for one in fetched.values() if one.rejection]
    assert "s3cret" not in out.message
    with warehouse.connect() as connection:
        query = select(media_location.c.tags).where(media_location.c.uri == note.item.ref.uri)
        assert connection.execute(query).scalar_one() == ["archive", "letters"]


def test_urls_of_a_manifest_in_an_object_store_are_given_nothing_of_its_connection(
    warehouse: Engine, tmp_path: Path, server: HostileServer
) -> None:
    class Recorded(NoConnections):
        asked: ClassVar[list[str | None]] = []

        def http(self, connection: str | None) -> HttpAccess:
            self.asked.append(connection)
            return HttpAccess()

    staging = Staging(tmp_path)
    for number, location in enumerate(("s3://box/list.csv", "file:///lists/list.csv", "http://a/list.csv")):
        source = WEB.model_copy(update={"location": location, "connection": "mine"})
        items = [url_item(server.url(f"/small?n=of-{number}"))]
        area = planned(warehouse, staging, items, f"r{number}", source)
        fetch(
            warehouse,
            staging,
            Settings(**HASTY),
            run_id=f"r{number}",
            batch_uri=area.uri,
            reread=Reread.NOTHING,
            connections=Recorded(),
        )
    assert Recorded.asked == [None, "mine", "mine"]


def test_objects_arrive_beside_files_and_are_not_asked_for_again(
    warehouse: Engine, tmp_path: Path, server: HostileServer
) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    class Bucket(MemoryFileSystem):
        store: ClassVar[dict[str, Any]] = {}
        pseudo_dirs: ClassVar[list[str]] = [""]
        opened: ClassVar[list[str]] = []

        def open(self, path: str, *args: Any, **kwargs: Any) -> Any:
            self.opened.append(path)
            return super().open(path, *args, **kwargs)

    class OneBucket(NoConnections):
        def filesystem(self, location: str, connection: str | None) -> Any:
            return bucket

    bucket = Bucket()
    for number in range(40):
        bucket.pipe_file(f"/box/{number}.txt", f"Text number {number} in a bucket of some texts.".encode())
    bucket.opened.clear()
    (tmp_path / "file.txt").write_text("A text that lies in a folder, beside all the others.")
    uris = [f"s3://box/{number}.txt" for number in range(41)]
    uris += [(tmp_path / "file.txt").as_uri(), server.url("/small?n=beside")]
    items = [url_item(uri, number) for number, uri in enumerate(uris)]
    staging = Staging(tmp_path / "staging")
    area = planned(warehouse, staging, items)

    def run() -> tuple[FetchTally, set[str]]:
        how = {"run_id": "r", "batch_uri": area.uri, "reread": Reread.NOTHING, "connections": OneBucket()}
        tally = fetch(warehouse, staging, Settings(**HASTY), **how)
        refused = {one.item.ref.uri for one in read_records(area.fetched, FetchedItem) if one.rejection}
        return tally, refused

    tally, refused = run()
    assert (tally.to_read, tally.rejected, refused) == (42, 1, {"s3://box/40.txt"})
    assert len(bucket.opened) == 41
    bucket.opened.clear()
    assert run() == (tally, refused)
    assert [path for path in bucket.opened if not path.endswith("40.txt")] == []
    assert list(staging.content.rglob("incoming-*")) == []


KILLED = """
import sys
from textmill.access import NoConnections
from textmill.run_wishes import Reread
from textmill.settings import Settings
from textmill.stages.fetch import fetch
from textmill.staging import Staging
from pathlib import Path
from textmill.warehouse.connection import warehouse_engine

url, root, batch = sys.argv[1:]
with warehouse_engine(url) as warehouse:
    fetch(warehouse, Staging(Path(root)), Settings(), run_id="r", batch_uri=batch,
          reread=Reread.NOTHING, connections=NoConnections())
"""


def test_a_killed_fetch_goes_on_where_it_stopped(
    warehouse: Engine, warehouse_server: URL, tmp_path: Path, server: HostileServer
) -> None:
    staging = Staging(tmp_path)
    same = [url_item(server.url(f"/small?copy={number}"), 200 + number) for number in range(20)]
    items = [url_item(server.url(f"/small?n=k{number}"), number) for number in range(200)] + same
    area = planned(warehouse, staging, items)
    server.asked.clear()
    url = warehouse_server.render_as_string(hide_password=False)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, str(tmp_path), area.uri],
        env=environment,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not area.downloads.exists() or area.downloads.read_bytes().count(b"\n") < 70:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    noted = area.downloads.read_bytes().count(b"\n")
    assert not area.fetched.exists() and noted < 220
    with area.downloads.open("ab") as journal:
        journal.write(b'{"item_no": 5, "uri": "torn')
    lost = next(path for path in staging.content.rglob("*") if len(path.name) == 64)
    lost.write_bytes(b"")
    asked_before = server.asked.copy()

    tally, fetched = run_fetch(warehouse, staging, area)

    asked_again = server.asked - asked_before
    assert asked_again.total() == 220 - noted + 1
    assert (tally.to_read, tally.unchanged, tally.rejected) == (201, 19, 0)
    assert Counter(one.outcome for one in fetched.values()) == {
        FetchOutcome.READ: 201,
        FetchOutcome.UNCHANGED: 19,
    }
    assert area.downloads.read_bytes().count(b"\n") == 220
    for one in fetched.values():
        assert one.content and (staging.content / one.content.sha256[:2] / one.content.sha256).stat().st_size

    server.asked.clear()
    assert run_fetch(warehouse, staging, area)[0] == tally
    assert server.asked.total() == 0

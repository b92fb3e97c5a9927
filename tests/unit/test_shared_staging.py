"""A staging area in an object store, seen from one task."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from textmill.errors import StagingError, StoreUnavailable
from textmill.object_folder import ObjectFolder
from textmill.quality import data_docs_site
from textmill.records import BatchQuality, Content, Kind
from textmill.settings import Settings
from textmill.shared_staging import SharedStaging
from textmill.shared_staging.at_once import at_once
from textmill.shared_staging.contents import SharedContents
from textmill.shared_staging.mirror import Mirror
from textmill.shared_staging.published_file import PublishedFile
from textmill.shared_staging.workspace import workspace
from textmill.staging import BatchArea, write_text

RUN = "scheduled__2026-11-24T00:00:00+00:00"


class Store(ObjectFolder):
    """A store in memory that notes what it is asked for, and may be away."""

    def __init__(self, filesystem: Any, uri: str, asked: list[str] | None = None) -> None:
        super().__init__(filesystem, uri)
        self.asked = [] if asked is None else asked
        self.away = False

    def below(self, name: str) -> Store:
        other = Store(self._filesystem, super().below(name).uri, self.asked)
        other.away = self.away
        return other

    def send(self, path: Path, name: str) -> None:
        if self.away:
            raise StoreUnavailable("The store is away.")
        self.asked.append(name)
        super().send(path, name)

    def names(self) -> list[str]:
        return [one.name for one in self.objects()]


@pytest.fixture
def store() -> Iterator[Store]:
    from fsspec.implementations.memory import MemoryFileSystem

    class Memory(MemoryFileSystem):
        store: dict[str, Any] = {}  # noqa: RUF012
        pseudo_dirs = [""]  # noqa: RUF012

    yield Store(Memory(), "memory://staging/textmill")


@pytest.fixture
def access(store: Store, tmp_path: Path) -> SharedStaging:
    return SharedStaging(store, Settings(staging_dir=tmp_path / "here"))


# --- folders to work in ------------------------------------------------------------------------------------


def test_a_task_has_a_folder_of_its_own_for_as_long_as_it_works(tmp_path: Path) -> None:
    with workspace(tmp_path) as one, workspace(tmp_path) as other:
        assert one != other
        (one / "deep").mkdir()
        (one / "deep" / "file").write_text("x")
    assert list(tmp_path.glob("task-*")) == []


def test_the_folder_of_a_killed_task_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from textmill.shared_staging.workspace import workspace\n"
        "with workspace(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'file').write_text('x'); print(folder, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path}\n{program}", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        with workspace(tmp_path):
            assert (folder / "file").exists()
        process.kill()
        process.wait()
    with workspace(tmp_path):
        assert not folder.exists()


# --- files -------------------------------------------------------------------------------------------------


def test_only_what_is_new_or_changed_is_sent(store: Store, tmp_path: Path) -> None:
    for name in ("a/kept", "a/changed"):
        store.write(name, b"before")
    mirror = Mirror(store, tmp_path)
    mirror.bring(["a/kept", "a/changed", "a/absent"])
    write_text(tmp_path / "a" / "changed", "after!")  # of the same length
    write_text(tmp_path / "a" / "new", "new")
    changed = mirror.changed(sorted((tmp_path / "a").iterdir()))
    assert changed == ["a/changed", "a/new"]
    mirror.send(changed)
    assert mirror.changed((tmp_path / "a").iterdir()) == []
    assert store.read("a/changed") == b"after!"


def test_what_is_here_already_is_not_overwritten_by_what_the_store_has(store: Store, tmp_path: Path) -> None:
    store.write("a", b"old")
    (tmp_path / "a").write_text("written here")
    Mirror(store, tmp_path).bring(["a"])
    assert (tmp_path / "a").read_text() == "written here"


def test_the_first_failure_ends_what_is_done_at_once() -> None:
    done = []

    def work(number: int) -> int:
        if number == 3:
            raise StoreUnavailable("away")
        done.append(number)
        return number

    with pytest.raises(StoreUnavailable):
        list(at_once(work, range(10_000)))
    assert len(done) < 100


# --- runs and batches --------------------------------------------------------------------------------------


def test_what_a_task_writes_is_there_for_the_next_one(access: SharedStaging, store: Store) -> None:
    with access.of_run(RUN) as staging:
        run = staging.run(RUN)
        write_text(run.sources, "sources")
        write_text(run.batch(3).items, "items")
        (run.batch(3).folder / "fetched.jsonl.part").write_text("half")
        write_text(run.manifests / "list.csv", "a list of URLs, which is downloaded anew by each try")
        address = staging.address(run.batch(3))
    assert address.endswith("/batches/0003")
    with access.of_batch(address) as batch:
        assert batch.area.items.read_text() == "items"
        assert batch.staging.run(RUN).sources.read_text() == "sources"
        assert batch.area.batch_no == 3
        assert sorted(path.name for path in batch.area.folder.iterdir()) == ["items.jsonl"]
    assert sorted(name.rpartition("/")[2] for name in store.names()) == ["items.jsonl", "sources.jsonl"]


def test_a_batch_is_given_nothing_of_the_others_and_no_list_of_all_references(access: SharedStaging) -> None:
    with access.of_run(RUN) as staging:
        run = staging.run(RUN)
        write_text(run.discovered, "a million lines")
        for number in range(2):
            write_text(run.batch(number).items, "items")
        address = staging.address(run.batch(0))
    with access.of_batch(address) as batch:
        run = batch.staging.run(RUN)
        assert not run.discovered.exists() and not run.batch(1).folder.exists()
        batch.staging.bring_batch(run.batch(1))
        assert run.batch(1).items.exists()
    with access.of_run(RUN) as staging:
        assert not staging.run(RUN).discovered.exists()
        staging.bring_references(staging.run(RUN))
        assert staging.run(RUN).discovered.read_text() == "a million lines"


def test_what_is_whole_is_sent_also_when_the_task_fails(access: SharedStaging, store: Store) -> None:
    with pytest.raises(KeyError), access.of_run(RUN) as staging:
        write_text(staging.run(RUN).problems, "why")
        raise KeyError
    assert [name.rpartition("/")[2] for name in store.names()] == ["problems.jsonl"]


def test_a_store_that_is_away_at_the_end_fails_the_task_but_hides_no_worse_error(
    access: SharedStaging, store: Store
) -> None:
    with pytest.raises(StoreUnavailable), access.of_run(RUN) as staging:
        store.away = True
        write_text(staging.run(RUN).problems, "why")
    with pytest.raises(KeyError), access.of_run(RUN) as staging:
        write_text(staging.run(RUN).problems, "why")
        raise KeyError


def test_files_that_tell_that_a_stage_is_through_are_sent_last(access: SharedStaging, store: Store) -> None:
    with access.of_run(RUN) as staging:
        run = staging.run(RUN)
        for number in range(20):
            write_text(run.batch(number).items, "items")
            write_text(run.batch(number).profile, "{}")
        write_text(run.batch_count, "20")
    sent = [name.rpartition("/")[2] for name in store.asked]
    assert set(sent[:20]) == {"profile.json"} and set(sent[20:40]) == {"items.jsonl"}
    assert sent[40:] == ["batch-count"]


def test_batches_are_cleared_at_once_and_only_those_of_the_run(access: SharedStaging, store: Store) -> None:
    for run_id in (RUN, RUN + "x"):
        with access.of_run(run_id) as staging:
            area = staging.run(run_id).batch(7)
            write_text(area.items, "items")
            write_text(staging.run(run_id).sources, "sources")
            part = f"{area.folder.relative_to(staging.root)}/pages.jsonl/000001-a/0000/0-1"
            store.write(part, b"a part of a checkpoint")
    with access.of_run(RUN) as staging:
        staging.clear_batches(staging.run(RUN))
        assert {name.partition("/batches/")[0] for name in store.names() if "/batches/" in name} == {
            f"runs/{staging.run(RUN + 'x').folder.name}"
        }
    assert len(store.names()) == 4


def test_figures_of_all_batches_are_there_before_the_task_ends(access: SharedStaging) -> None:
    def figures(number: int) -> str:
        return BatchQuality(
            batch_no=number, pages=1, warned=0, quarantined=0, checks={}, problem=None, judged_at="now"
        ).model_dump_json()

    with access.of_run(RUN) as staging:
        for number in range(3):
            write_text(staging.run(RUN).batch(number).items, "items")
        addresses = [staging.address(staging.run(RUN).batch(number)) for number in range(3)]
    with access.of_batch(addresses[0]) as one, access.of_batch(addresses[1]) as other:
        for batch in (one, other):
            write_text(batch.area.quality, figures(batch.area.batch_no))
            batch.staging.send_figures(batch.area)
        one.staging.bring_figures(one.staging.run(RUN))
        found = [path.parent.name for path in sorted(one.staging.runs.glob("*/batches/*/quality.json"))]
        assert found == ["0000", "0001"]


@pytest.mark.parametrize(
    "address",
    [
        "file:///somewhere/runs/run=a/batches/0000",
        "memory://staging/other/runs/run%3Da/batches/0000",
        "memory://staging/textmill/runs/run%3Da",
        "memory://staging/textmill/runs/../batches/0000",
        "memory://staging/textmill",
    ],
)
def test_an_address_of_another_area_is_refused_with_the_setting(access: SharedStaging, address: str) -> None:
    with pytest.raises(StagingError, match="TEXTMILL_STAGING_STORE"), access.of_batch(address):
        pass


# --- copies ------------------------------------------------------------------------------------------------


def keep(contents: SharedContents, content: bytes) -> str:
    with contents.receive([content], name="a.txt", max_bytes=1000) as incoming:
        incoming.keep()
        incoming.keep()  # in a transaction that is tried again
    return incoming.sha256


def test_copies_that_are_kept_are_in_the_store_and_are_brought_when_they_are_opened(
    store: Store, tmp_path: Path
) -> None:
    here, there = (SharedContents(tmp_path / name / "content", store.below("content")) for name in "ab")
    sha256 = keep(here, b"hello")
    assert store.names() == [f"content/{sha256[:2]}/{sha256}"] and len(store.asked) == 1
    found = there.find(sha256)
    assert found is not None and found.bytes == 5 and not there.path(sha256).exists()
    with there.at_hand(sha256) as path:
        assert path is not None and path.read_bytes() == b"hello"
    assert not there.path(sha256).exists()
    assert (there.bring(sha256), there.bring("0" * 64)) == (there.path(sha256), None)
    assert there.relative_path(sha256) == f"content/{sha256[:2]}/{sha256}"
    there.remove(sha256)
    there.remove(sha256)
    assert store.names() == [] and there.find(sha256) is None


def test_what_was_removed_is_sent_when_it_is_kept_again(store: Store, tmp_path: Path) -> None:
    contents = SharedContents(tmp_path / "content", store.below("content"))
    contents.remove(keep(contents, b"hello"))
    sha256 = keep(contents, b"hello")
    assert store.names() == [f"content/{sha256[:2]}/{sha256}"]


def test_what_is_not_kept_is_neither_sent_nor_left(store: Store, tmp_path: Path) -> None:
    contents = SharedContents(tmp_path / "content", store.below("content"))
    with contents.receive([b"unchanged"], name="a.txt", max_bytes=1000):
        pass
    assert store.names() == [] and [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_copies_of_a_batch_are_brought_as_far_as_they_are_kept(access: SharedStaging, tmp_path: Path) -> None:
    def content(sha256: str) -> Content:
        return Content(
            sha256=sha256,
            bytes=1,
            mime="text/plain",
            kind=Kind.TEXT,
            path=f"content/{sha256[:2]}/{sha256}",
        )

    with access.of_all() as staging:
        contents = staging.content_store()
        assert isinstance(contents, SharedContents)
        kept = [keep(contents, bytes([number])) for number in range(40)]
        (area := staging.run(RUN).batch(0)).folder.mkdir(parents=True)
        address = staging.address(area)
    with access.of_batch(address) as batch:
        batch.staging.bring_copies(content(sha256) for sha256 in [*kept, *kept, "0" * 64])
        for number, sha256 in enumerate(kept):
            assert batch.area.copy_of(content(sha256)).read_bytes() == bytes([number])
        assert not batch.area.copy_of(content("0" * 64)).exists()


def test_an_absolute_path_of_an_earlier_version_stays_one() -> None:
    area = BatchArea(Path("/staging/runs/run=a/batches/0000"))
    facts = {"sha256": "a" * 64, "bytes": 1, "mime": "text/plain", "kind": Kind.TEXT}
    assert area.copy_of(Content(path="/old/content/aa/aaa", **facts)) == Path("/old/content/aa/aaa")
    assert area.copy_of(Content(path="content/aa/aaa", **facts)) == Path("/staging/content/aa/aaa")


# --- a file that grows -------------------------------------------------------------------------------------


def test_a_file_that_grows_is_sent_now_and_then_and_again_after_a_failure() -> None:
    sent: list[float] = []
    twice = Event()

    def send() -> None:
        sent.append(time.monotonic())
        if len(sent) == 1:
            raise StoreUnavailable("away")
        twice.set()

    with PublishedFile(send, seconds=0.05) as published:
        for _ in range(100):
            published.note_progress()
        assert twice.wait(5)
        time.sleep(0.15)
    assert len(sent) == 2 and sent[1] - sent[0] >= 0.05


def test_nothing_is_sent_of_a_file_that_does_not_grow() -> None:
    def send() -> None:
        raise AssertionError

    with PublishedFile(send, seconds=0.0):
        time.sleep(0.02)


# --- reports -----------------------------------------------------------------------------------------------


def test_reports_lie_in_the_store_unless_a_setting_says_otherwise() -> None:
    stored = {"staging_store": "s3://bucket/textmill/", "staging_connection": "mine"}
    settings = Settings(**stored)
    assert data_docs_site.location(settings) == "s3://bucket/textmill/data_docs"
    assert data_docs_site.connection(settings) == "mine"
    elsewhere = Settings(**stored, data_docs="s3://reports")
    assert (data_docs_site.location(elsewhere), data_docs_site.connection(elsewhere)) == (
        "s3://reports",
        None,
    )
    with_own = Settings(**stored, data_docs="s3://reports", data_docs_connection="theirs")
    assert data_docs_site.connection(with_own) == "theirs"

"""The checkpoint in an object store: whatever is killed, resumed or given up but alive, it stays whole."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from s3_server import make_bucket, running_s3
from warehouse_records import page

from textmill.checkpoint import Checkpoint, read_events, read_pages, read_progress
from textmill.errors import StagingError, StoreUnavailable
from textmill.object_folder import ObjectFolder
from textmill.records import MediumOpened, PageRead, PageStarted
from textmill.shared_staging.checkpoint_parts import (
    CheckpointSession,
    PublishedCheckpoint,
    bring_checkpoint,
)

SHA = "a" * 64


class UnreliableFolder(ObjectFolder):
    """Writes fail as `failing` says: before anything is stored, or after it was."""

    failing: Callable[[], str] = staticmethod(lambda: "")

    def write(self, name: str, content: bytes) -> None:
        how = self.failing()
        if how != "before":
            before = self.read(name)
            assert before is None or before == content, "an object was overwritten with something else"
            super().write(name, content)
        if how:
            raise StoreUnavailable("The store is away.")


@pytest.fixture
def parts() -> UnreliableFolder:
    from fsspec.implementations.memory import MemoryFileSystem

    store = MemoryFileSystem(global_store=False, skip_instance_cache=True)
    return UnreliableFolder(store, "memory://bucket/runs/1/batches/0000/pages.jsonl")


class Machine:
    """A machine on which an attempt reads the batch; its disk is its own."""

    def __init__(self, parts: ObjectFolder, folder: Path) -> None:
        self.path = folder / "pages.jsonl"
        self.parts = parts
        bring_checkpoint(parts, self.path)
        self.session = CheckpointSession(parts, self.path)
        self.session.begin()
        self.told = self.lines()
        """What others know for sure."""

    def lines(self) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""

    def read_page(self, fingerprint: str = "f") -> None:
        """Read the next page, as the OCR process does."""
        with Checkpoint(self.path, fingerprint) as checkpoint:
            number = len(checkpoint.progress.finished_pages) + 1
            checkpoint.append(PageStarted(sha256=SHA, page_no=number))
            read = page(number).model_copy(update={"sha256": SHA})
            checkpoint.append(PageRead(page=read))

    def tear(self) -> None:
        """Leave the beginning of a line behind, as a process that is killed does."""
        if self.path.exists():
            with self.path.open("ab") as file:
                file.write(b'{"type":"page","page":{"sha')

    def send(self) -> None:
        try:
            self.session.send()
        except StoreUnavailable:
            return
        self.told = self.lines()[: self.lines().rfind(b"\n") + 1]


def composed(parts: ObjectFolder, path: Path) -> bytes:
    path.unlink(missing_ok=True)
    bring_checkpoint(parts, path)
    return path.read_bytes() if path.exists() else b""


class Story:
    """Attempts one after the other, of which the older ones may go on unheard, and a store that may fail."""

    def __init__(self, parts: UnreliableFolder, folder: Path, seed: int) -> None:
        self._parts = parts
        self._folder = folder
        self._chance = random.Random(seed)
        self._trouble = self._chance.choice([0.0, 0.3])
        self.machines: list[Machine] = []

    def go_on(self) -> None:
        """Let something happen."""
        steps = {self.start: 2, self.read: 9, self.tear: 1, self.send: 6, self.zombie: 5, self.anew: 0.3}
        (step,) = self._chance.choices(list(steps), list(steps.values()))
        self._parts.failing = self._fail
        if step == self.start or self.machines:
            step()
        self._parts.failing = lambda: ""

    def _fail(self) -> str:
        return self._chance.choice(["before", "after"]) if self._chance.random() < self._trouble else ""

    def start(self) -> None:
        self._parts.failing = lambda: ""
        folder = self._folder / str(len(self.machines))
        folder.mkdir()
        self.machines.append(Machine(self._parts, folder))

    def read(self) -> None:
        self.machines[-1].read_page(_fingerprint(self.machines[-1]))

    def tear(self) -> None:
        self.machines[-1].tear()

    def send(self) -> None:
        self.machines[-1].send()

    def zombie(self) -> None:
        zombie = self._chance.choice(self.machines)
        zombie.read_page(_fingerprint(zombie))
        zombie.send()

    def anew(self) -> None:
        self._parts.failing = lambda: ""
        self.machines[-1].read_page(f"f{self._chance.random()}")
        self.send()


@pytest.mark.parametrize("seed", range(15))
def test_what_is_brought_is_what_the_newest_attempt_told_whatever_happens(
    parts: UnreliableFolder, tmp_path: Path, seed: int
) -> None:
    story = Story(parts, tmp_path, seed)
    story.start()
    for _ in range(80):
        story.go_on()
        newest = story.machines[-1]
        brought = composed(parts, tmp_path / "brought.jsonl")
        assert brought.startswith(newest.told)
        assert newest.lines().startswith(brought)
        assert brought.endswith(b"\n") or not brought
        if brought:
            list(read_events(tmp_path / "brought.jsonl"))
            numbers = [one.page_no for one in read_pages(tmp_path / "brought.jsonl")]
            assert numbers == list(range(1, len(numbers) + 1))


def _fingerprint(machine: Machine) -> str:
    first = machine.lines().split(b"\n")[0].decode()
    return first.partition('"fingerprint":"')[2].rstrip('"}') or "f"


def test_two_attempts_that_begin_at_once_do_not_mix(parts: UnreliableFolder, tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    first = Machine(parts, tmp_path / "0")
    first.read_page()
    first.send()
    both = []
    for name in ("a", "b"):
        path = tmp_path / name / "pages.jsonl"
        bring_checkpoint(parts, path)
        both.append((path, CheckpointSession(parts, path)))
    listed = parts.objects()
    parts.objects = lambda: listed  # type: ignore[method-assign]  # neither sees the other begin
    for _, session in both:
        session.begin()
    del parts.objects
    for number, (path, session) in enumerate(both):
        with Checkpoint(path, "f") as checkpoint:
            checkpoint.append(MediumOpened(sha256=str(number) * 64, page_count=3))
        session.send()
    brought = composed(parts, tmp_path / "brought")
    assert brought in [path.read_bytes() for path, _ in both]
    assert brought == composed(parts, tmp_path / "again")


def test_an_attempt_that_was_given_up_neither_adds_nor_hides_pages(
    parts: UnreliableFolder, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    zombie = Machine(parts, tmp_path / "a")
    zombie.read_page()
    zombie.send()
    newest = Machine(parts, tmp_path / "b")
    newest.read_page()
    newest.send()
    for _ in range(3):
        zombie.read_page()
    zombie.send()
    zombie.read_page("another way of reading")
    zombie.send()
    assert composed(parts, tmp_path / "brought") == newest.lines()


def test_a_whole_that_was_stored_though_its_writing_failed_hides_nothing_that_comes_behind_it(
    parts: UnreliableFolder, tmp_path: Path
) -> None:
    machine = Machine(parts, tmp_path)
    machine.read_page()
    machine.send()
    machine.read_page()
    parts.failing = lambda: "after"
    with pytest.raises(StoreUnavailable):
        machine.session.send(whole=True)
    parts.failing = lambda: ""
    machine.read_page()
    machine.send()
    assert composed(parts, tmp_path / "brought") == machine.lines()


def test_a_piece_that_is_not_what_its_name_says_is_told_of(parts: UnreliableFolder, tmp_path: Path) -> None:
    machine = Machine(parts, tmp_path)
    machine.read_page()
    machine.send()
    ObjectFolder.write(parts, parts.objects()[-1].name, b"torn")
    with pytest.raises(StagingError, match="4 bytes, not the"):
        bring_checkpoint(parts, tmp_path / "brought")
    assert not (tmp_path / "brought").exists()


def test_nothing_told_is_no_file(parts: UnreliableFolder, tmp_path: Path) -> None:
    with PublishedCheckpoint(parts, tmp_path / "pages.jsonl", 5):
        pass
    bring_checkpoint(parts, tmp_path / "brought")
    assert not (tmp_path / "brought").exists()


def test_strange_objects_are_passed_over(parts: UnreliableFolder, tmp_path: Path) -> None:
    machine = Machine(parts, tmp_path)
    machine.read_page()
    machine.send()
    for name in ("readme", "x/0000/0-1", "999999-x/0000/000000000000-00", "-1/0000/a/b"):
        parts.write(name, b"?")
    assert composed(parts, tmp_path / "brought") == machine.lines()


# --- the thread that sends -------------------------------------------------------------------------------


@pytest.fixture
def local(tmp_path: Path) -> Path:
    return tmp_path / "pages.jsonl"


def append(path: Path, pages: int) -> None:
    with Checkpoint(path, "f") as checkpoint:
        for _ in range(pages):
            number = len(checkpoint.progress.finished_pages) + 1
            checkpoint.append(PageRead(page=page(number).model_copy(update={"sha256": SHA})))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def test_pages_are_told_while_the_batch_is_read(parts: UnreliableFolder, local: Path, tmp_path: Path) -> None:
    with PublishedCheckpoint(parts, local, 0.05) as publisher:
        append(local, 1)
        publisher.note_progress()
        until(lambda: composed(parts, tmp_path / "brought") == local.read_bytes())
        append(local, 1)  # and also what nobody speaks of
        until(lambda: composed(parts, tmp_path / "brought") == local.read_bytes())
        append(local, 5)
    assert composed(parts, tmp_path / "brought") == local.read_bytes()


def test_what_was_appended_is_told_also_when_reading_fails(
    parts: UnreliableFolder, local: Path, tmp_path: Path
) -> None:
    def read() -> None:
        with PublishedCheckpoint(parts, local, 3600):
            append(local, 2)
            raise RuntimeError("the task was killed")

    with pytest.raises(RuntimeError):
        read()
    assert len(read_progress_of(parts, tmp_path)) == 2


def read_progress_of(parts: ObjectFolder, tmp_path: Path) -> set[tuple[str, int]]:
    composed(parts, tmp_path / "brought")
    return read_progress(tmp_path / "brought").finished_pages


def test_a_store_that_is_away_for_a_while_is_told_of_once_and_loses_nothing(
    parts: UnreliableFolder, local: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tries: list[int] = []

    def fail() -> str:
        tries.append(1)
        return "before" if 1 < len(tries) < 6 else ""

    parts.failing = fail
    with PublishedCheckpoint(parts, local, 0.01) as publisher:
        append(local, 1)
        publisher.note_progress()
        until(lambda: len(tries) >= 6)
        until(lambda: "The store is back" in caplog.text)
        assert len(read_progress_of(parts, tmp_path)) == 1
    assert caplog.text.count("known to this machine only") == 1


def test_a_store_that_stays_away_fails_the_task_in_the_end_but_hides_no_other_error(
    parts: UnreliableFolder, local: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("textmill.shared_staging.checkpoint_parts._LAST_PAUSE_SECONDS", 0)

    def read(error: Exception | None) -> None:
        parts.failing = lambda: ""
        with PublishedCheckpoint(parts, local, 3600):
            append(local, 1)
            parts.failing = lambda: "before"
            if error is not None:
                raise error

    with pytest.raises(StoreUnavailable):
        read(None)
    with pytest.raises(RuntimeError):
        read(RuntimeError("worse"))
    assert "is read again" in caplog.text


def test_the_number_of_objects_to_be_read_is_bounded(
    parts: UnreliableFolder, local: Path, tmp_path: Path
) -> None:
    session = CheckpointSession(parts, local)
    session.begin()
    most = 0
    for _ in range(250):
        append(local, 1)
        session.send(whole=session.in_parts >= 100)
        most = max(most, session.in_parts)
    assert most == 100
    assert composed(parts, tmp_path / "brought") == local.read_bytes()
    with PublishedCheckpoint(parts, local, 0.001) as publisher:
        for _ in range(12):
            told = len(parts.objects())
            append(local, 1)
            publisher.note_progress()
            until(lambda told=told: len(parts.objects()) > told)  # type: ignore[misc]
    read: list[str] = []
    parts.read = lambda name: read.append(name) or ObjectFolder.read(parts, name)  # type: ignore
    assert composed(parts, tmp_path / "brought") == local.read_bytes()
    assert len(read) == 1


def test_no_thread_is_left_behind(parts: UnreliableFolder, local: Path) -> None:
    before = threading.active_count()
    with PublishedCheckpoint(parts, local, 3600):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


# --- a real protocol -------------------------------------------------------------------------------------


@pytest.fixture
def bucket() -> Iterator[ObjectFolder]:
    import s3fs
    from s3_server import LOGIN, PASSWORD

    with running_s3() as endpoint:
        store = s3fs.S3FileSystem(
            key=LOGIN,
            secret=PASSWORD,
            client_kwargs={"endpoint_url": endpoint, "region_name": "eu-central-1"},
            skip_instance_cache=True,
        )
        make_bucket(store, "staging")
        yield ObjectFolder(store, "s3://staging/area/runs/1/batches/0000/pages.jsonl")


def test_a_checkpoint_goes_through_s3_and_back(bucket: ObjectFolder, tmp_path: Path) -> None:
    first, second = tmp_path / "first" / "pages.jsonl", tmp_path / "second" / "pages.jsonl"
    bring_checkpoint(bucket, first)
    assert not first.exists()
    with PublishedCheckpoint(bucket, first, 0.01) as publisher:
        for _ in range(5):
            append(first, 1)
            publisher.note_progress()
            time.sleep(0.03)
    bring_checkpoint(bucket, second)
    assert second.read_bytes() == first.read_bytes()
    with PublishedCheckpoint(bucket, second, 3600):
        append(second, 2)
    append(first, 1)
    brought = composed(bucket, tmp_path / "brought")
    assert brought == second.read_bytes()
    assert [one.page_no for one in read_pages(tmp_path / "brought")] == list(range(1, 8))

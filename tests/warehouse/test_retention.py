"""What was kept for long enough goes; what is needed stays, whoever else is at work."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from memory_area import MemoryArea
from sqlalchemy import URL, Connection, text
from staged_ingest import StagedIngest
from warehouse_snapshot import Snapshot

from textmill.access import NoConnections
from textmill.errors import BatchFailed, StagingError
from textmill.object_folder import ObjectFolder
from textmill.quality.data_docs_site import run_page
from textmill.retention import Periods, Removed, clean
from textmill.run_wishes import Reread, RunWishes
from textmill.settings import Settings
from textmill.shared_staging.stored_runs import StoredRunFolders
from textmill.staging import write_text
from textmill.warehouse.connection import in_transaction, utc_now, warehouse_engine

NEVER = Periods(staging=0, content=0, run=0, quarantine=0, data_docs=0, audit=0, torn=0)
DAY = 86_400


Ingested = Callable[[str], Snapshot]


@pytest.fixture(scope="module")
def ingested(warehouse_server: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingested]:
    """Two runs, of which the second found nothing new, over files that were loaded, refused and opened."""
    with warehouse_engine(warehouse_server) as engine:

        @cache
        def ingest(kind: str) -> Snapshot:
            area = MemoryArea("retention") if kind == "store" else None
            snapshot = Snapshot(engine, tmp_path_factory.mktemp("retention"), area)
            snapshot.empty()
            mill = StagedIngest.below(engine, snapshot.folder, area and area.open)
            mill.write("whole.pdf", "good", "good")
            mill.write("partial.pdf", "good", "bad")
            mill.write("broken.pdf", "broken")
            mill.run("first")
            mill.run("idle")
            mill.run("last")
            snapshot.take()
            return snapshot

        yield ingest


@pytest.fixture
def mill(request: pytest.FixtureRequest, ingested: Ingested) -> StagedIngest:
    """The runs as they were, whatever another test did."""
    snapshot = ingested(getattr(request, "param", "folder"))
    snapshot.restore()
    return StagedIngest.below(snapshot.engine, snapshot.folder, snapshot.area and snapshot.area.open)


@pytest.fixture
def area(ingested: Ingested) -> MemoryArea:
    """Where the staging area of `mill` lies, in tests about a store."""
    found = ingested("store").area
    assert found is not None
    return found


wherever_it_lies = pytest.mark.parametrize("mill", ["folder", "store"], indirect=True)
in_a_store = pytest.mark.parametrize("mill", ["store"], indirect=True)


def sweep(mill: StagedIngest, *, days: float = 2, dry_run: bool = False, **wishes: Any) -> dict[str, Removed]:
    """Clean up as if it were some days later; only what is asked for, after one day."""
    ignored = wishes.pop("ignored", False)
    periods = replace(NEVER, **dict.fromkeys(wishes.pop("kinds", "").split(), 1), **wishes)
    with mill.access.of_all() as staging:
        removed = clean(
            mill.warehouse,
            staging,
            mill.settings,
            NoConnections(),
            periods=periods,
            now=utc_now() + timedelta(days=days),
            dry_run=dry_run,
            ignored=ignored,
        )
    return {one.kind: one for one in removed}


def counts(removed: dict[str, Removed]) -> dict[str, int]:
    return {kind: one.count for kind, one in removed.items() if one.count}


def run_sql(mill: StagedIngest, *statements: str) -> None:
    with mill.warehouse.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def rows(mill: StagedIngest, sql: str) -> list[Any]:
    with mill.warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


def everything(mill: StagedIngest) -> tuple[list[str], list[Any]]:
    with mill.access.of_all() as staging:
        runs = staging.run_folders()
        staged = [runs.find(name) for name in runs.names()]
        files = sorted(str(one) for one in (*staged, *staging.content_store().copies()))
    tables = ("ingest_run", "ingest_batch", "quarantine", "media", "media_location", "audit", "page")
    return files, [rows(mill, f"SELECT * FROM {name} ORDER BY id") for name in tables]


def copies(mill: StagedIngest) -> set[str]:
    with mill.access.of_all() as staging:
        return {copy.name for copy in staging.content_store().copies()}


def runs(mill: StagedIngest) -> list[str]:
    with mill.access.of_all() as staging:
        return list(staging.run_folders().names())


def sha_of(mill: StagedIngest, name: str) -> str:
    (row,) = rows(
        mill,
        "SELECT m.sha256 FROM media AS m JOIN media_location AS l ON l.media_id = m.id "
        f"WHERE l.uri LIKE '%/{name}'",
    )
    return str(row.sha256)


ALL = "staging content run quarantine data_docs audit torn"


@wherever_it_lies
def test_nothing_goes_before_its_time_and_nothing_where_it_is_kept_for_ever(mill: StagedIngest) -> None:
    before = everything(mill)
    assert counts(sweep(mill, days=0.5, kinds=ALL)) == {}
    assert counts(sweep(mill, days=10_000)) == {}
    assert everything(mill) == before


def test_a_dry_run_says_what_the_next_run_removes_and_touches_nothing(mill: StagedIngest) -> None:
    run_sql(mill, "INSERT INTO audit (started_at, finished_at) VALUES (NOW(), NOW()), (NOW(), NOW())")
    (mill.staging.content / "incoming-torn").write_bytes(b"half")
    (mill.staging.data_docs / run_page("idle").parent).mkdir(parents=True)
    (mill.folder / "broken.pdf").unlink()
    mill.run("gone")
    before = everything(mill)
    dry = sweep(mill, kinds=ALL, dry_run=True)
    assert everything(mill) == before
    wet = sweep(mill, kinds=ALL)
    assert wet == dry
    assert counts(wet) == {
        "staging folders": 4,
        "torn files": 1,
        "reports of the quality gate": 1,
        "closed quarantine entries": 1,
        "runs": 2,
        "audits": 1,
    }
    assert wet["staging folders"].bytes > 1000 and wet["torn files"].bytes == 4
    assert wet["torn files"].in_words() == "1 torn files, 4 bytes: incoming-torn"
    assert counts(sweep(mill, kinds=ALL)) == {"fetched copies": 1}  # of the entry that went


# --- staging -----------------------------------------------------------------------------------------------


@wherever_it_lies
def test_staging_of_an_ended_run_goes_whole_and_what_goes_on_stays(mill: StagedIngest) -> None:
    mill.write("new.pdf", "good")
    (uri,) = mill.start("going")
    with mill.access.of_run("unknown") as staging:
        write_text(staging.run("unknown").sources, "")
    gone = sweep(mill, kinds="staging")["staging folders"]
    assert sorted(gone.examples) == ["run=first", "run=idle", "run=last", "run=unknown"]
    assert runs(mill) == ["run=going"]
    assert not (mill.staging.root / "removing").exists()
    mill.read("going", uri)
    mill.finish_batch("going", uri)


@wherever_it_lies
def test_a_run_whose_id_is_too_long_for_a_name_is_known_by_its_hash(mill: StagedIngest) -> None:
    run_id = "manual__" + "é".encode().hex() * 60
    mill.write("new.pdf", "good")
    mill.start(run_id)
    assert mill.staging.run(run_id).folder.name.startswith("run-sha256=")
    assert counts(sweep(mill, kinds="staging")) == {"staging folders": 3}
    with suppress(BatchFailed):
        mill.report(run_id)
    assert counts(sweep(mill, kinds="staging")) == {"staging folders": 1}


@wherever_it_lies
def test_a_run_that_was_cleared_is_going_on_whatever_its_age(mill: StagedIngest) -> None:
    mill.fetch("first", mill.address("first", 0))
    assert "run=first" not in sweep(mill, kinds="staging")["staging folders"].examples
    assert "run=first" in runs(mill)


@wherever_it_lies
def test_a_task_that_is_cleared_alone_keeps_its_run(mill: StagedIngest) -> None:
    """Reading does not reopen the run, but notes when it began."""
    uri = mill.address("first", 0)
    mill.note("first", uri, state="reading", ocr_started_at=utc_now() + timedelta(days=1.5))
    assert "run=first" not in sweep(mill, kinds="staging")["staging folders"].examples


def test_a_folder_that_was_touched_lately_stays(mill: StagedIngest) -> None:
    later = utc_now().timestamp() + 1.5 * DAY
    os.utime(mill.staging.run("first").batch(0).folder, (later, later))
    assert "run=first" not in sweep(mill, kinds="staging")["staging folders"].examples


def test_a_killed_removal_is_ended_by_the_next_run(mill: StagedIngest) -> None:
    half = mill.staging.root / "removing" / "run=first.0123"
    half.mkdir(parents=True)
    shutil.move(mill.staging.run("first").batch(0).folder, half / "0000")
    sweep(mill, kinds="staging", dry_run=True)
    assert half.exists()
    sweep(mill, kinds="staging")
    assert not half.exists()


def test_a_run_that_is_cleared_while_its_folder_goes_waits_and_is_told(
    mill: StagedIngest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetching reopens the run; that waits for the lock, and then finds no files instead of half of them."""
    from textmill.trash import Trash

    uri = mill.address("first", 0)
    taken: list[str] = []
    take = Trash.take
    fetched: list[BaseException | None] = []

    def fetch() -> None:
        try:
            mill.fetch("first", uri)
        except StagingError as error:
            fetched.append(error)
        else:
            fetched.append(None)

    thread = Thread(target=fetch)

    def slow(trash: Any, folder: Path) -> None:
        if folder.name == "run=first":
            thread.start()
            thread.join(1)
            assert thread.is_alive(), "fetching did not wait"
            taken.append(folder.name)
        take(trash, folder)

    monkeypatch.setattr(Trash, "take", slow)
    sweep(mill, kinds="staging")
    thread.join(30)
    (error,) = fetched
    assert taken == ["run=first"] and error is not None
    assert "clear the run from its first task on" in str(error)


@in_a_store
def test_a_dry_run_touches_nothing_in_a_store(mill: StagedIngest, area: MemoryArea) -> None:
    before = area.names()
    dry = sweep(mill, kinds=ALL, dry_run=True)
    assert area.names() == before
    assert sweep(mill, kinds=ALL) == dry
    assert counts(dry) == {"staging folders": 3, "runs": 1}
    assert area.names("runs/") == []


@in_a_store
def test_a_run_in_a_store_that_was_touched_lately_stays(mill: StagedIngest, area: MemoryArea) -> None:
    area.date("runs/run=first/batches/0000/verdicts", utc_now() + timedelta(days=1.5))
    assert "run=first" not in sweep(mill, kinds="staging")["staging folders"].examples
    assert "run=first" in runs(mill)


@in_a_store
@pytest.mark.parametrize("removed", [1, 3])
def test_what_a_killed_removal_leaves_in_a_store_is_no_run_and_goes_with_the_next(
    mill: StagedIngest, area: MemoryArea, monkeypatch: pytest.MonkeyPatch, removed: int
) -> None:
    """Killed when so many of its objects were gone: whatever task is cleared then says what to do."""
    remove, gone = ObjectFolder.remove, []

    def killed(folder: ObjectFolder, names: list[str]) -> None:
        for name in names:
            if len(gone) == removed:
                raise KeyboardInterrupt
            remove(folder, [name])
            gone.append(name)

    uri, before = mill.address("first", 0), area.names("runs/run=first/")
    monkeypatch.setattr(ObjectFolder, "remove", killed)
    with pytest.raises(KeyboardInterrupt):
        sweep(mill, kinds="staging")
    monkeypatch.undo()
    left = area.names("runs/run=first/")
    assert len(left) == len(before) - removed
    assert {name.rpartition("/")[2] for name in gone} <= {"fetched.jsonl", "items.jsonl", "verdicts.parquet"}
    with pytest.raises(StagingError, match="clear the run from its first task on"):
        mill.finish_batch("first", uri)
    assert "run=first" in sweep(mill, kinds="staging")["staging folders"].examples
    assert area.names("runs/run=first/") == []


@in_a_store
def test_a_run_that_is_cleared_while_its_objects_go_waits_and_loses_nothing(
    mill: StagedIngest, area: MemoryArea, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task has brought its files before it waits for the lock; what it lacks then, the next one tells."""
    uri = mill.address("first", 0)
    copies_before = copies(mill)
    remove, waited = StoredRunFolders.remove, []
    thread = Thread(target=lambda: mill.fetch("first", uri))

    def slow(folders: StoredRunFolders, name: str, before: datetime) -> bool:
        if name == "run=first":
            thread.start()
            thread.join(1)
            waited.append(thread.is_alive())
        return remove(folders, name, before)

    monkeypatch.setattr(StoredRunFolders, "remove", slow)
    sweep(mill, kinds="staging content")
    thread.join(30)
    assert waited == [True]
    assert copies_before <= copies(mill)
    left = {name.removeprefix("runs/run=first/batches/0000/") for name in area.names("runs/run=first/")}
    assert left == {"downloads.jsonl", "fetched.jsonl"}
    with pytest.raises(StagingError, match="clear the run from its first task on"):
        mill.fetch("first", uri)
    assert counts(sweep(mill, kinds="staging")) == {}  # it goes on, by its books
    mill.run("first")
    assert rows(mill, "SELECT state FROM ingest_run WHERE run_id = 'first'") == [("success",)]


# --- copies ------------------------------------------------------------------------------------------------


def stored(mill: StagedIngest, name: str) -> None:
    """Have a copy of a file lie in the store, as a killed load would leave it."""
    with (
        mill.access.of_all() as staging,
        staging.content_store().receive_file(mill.folder / name, name=name, max_bytes=10_000) as incoming,
    ):
        incoming.keep()


@wherever_it_lies
def test_copies_of_what_is_loaded_go_and_those_in_quarantine_stay(mill: StagedIngest) -> None:
    stored(mill, "whole.pdf")
    needed = {sha_of(mill, "partial.pdf"), sha_of(mill, "broken.pdf")}
    assert copies(mill) == {*needed, sha_of(mill, "whole.pdf")}
    assert counts(sweep(mill, kinds="content")) == {"fetched copies": 1}
    assert copies(mill) == needed
    run_sql(mill, "UPDATE quarantine SET status = 'ignored' WHERE page_no IS NULL")
    assert counts(sweep(mill, kinds="content")) == {}
    run_sql(mill, "UPDATE quarantine SET status = 'resolved' WHERE page_no IS NULL")
    assert counts(sweep(mill, kinds="content")) == {"fetched copies": 1}
    assert copies(mill) == {sha_of(mill, "partial.pdf")}


@wherever_it_lies
def test_copies_that_a_going_run_has_fetched_stay(mill: StagedIngest) -> None:
    mill.write("new.pdf", "good")
    (uri,) = mill.start("going", wishes=RunWishes(reread=Reread.EVERYTHING))
    mill.fetch("going", uri, Reread.EVERYTHING)
    assert len(copies(mill)) == 4
    assert counts(sweep(mill, kinds="content staging"))["staging folders"] == 3
    assert len(copies(mill)) == 4
    mill.read("going", uri, Reread.EVERYTHING)
    mill.finish_batch("going", uri)


@wherever_it_lies
def test_copies_of_a_batch_that_is_not_loaded_stay_while_it_can_be_cleared(mill: StagedIngest) -> None:
    """Also of content that another run has claimed and loaded since."""
    mill.write("new.pdf", "good")
    (uri,) = mill.start("failing")
    mill.fetch("failing", uri)
    with pytest.raises(BatchFailed):
        mill.report("failing")
    mill.run("other")
    stored(mill, "new.pdf")
    sha256 = sha_of(mill, "new.pdf")
    assert rows(mill, f"SELECT claimed_run, status FROM media WHERE sha256 = '{sha256}'") == [
        ("other", "loaded")
    ]
    sweep(mill, kinds="content")
    assert sha256 in copies(mill)
    mill.finish_batch("other", mill.address("other", 0))
    stored(mill, "new.pdf")
    sweep(mill, kinds="content staging")  # now its batch is gone as well
    assert sha256 not in copies(mill)


@wherever_it_lies
def test_content_that_is_not_through_stays(mill: StagedIngest) -> None:
    mill.write("new.pdf", "good")
    (uri,) = mill.start("failing")
    mill.fetch("failing", uri)
    with pytest.raises(BatchFailed):
        mill.report("failing")
    assert "fetched copies" not in counts(sweep(mill, kinds="content staging"))


@wherever_it_lies
def test_nothing_goes_when_nobody_knows_what_a_batch_needs(mill: StagedIngest) -> None:
    stored(mill, "whole.pdf")
    run_sql(mill, "UPDATE ingest_batch SET state = 'read'")
    with mill.batch("first", 0) as batch:
        write_text(batch.fetched, "{}")
    with pytest.raises(StagingError):
        sweep(mill, kinds="content")
    assert sha_of(mill, "whole.pdf") in copies(mill)


@wherever_it_lies
def test_a_copy_of_nobody_goes_and_who_claims_it_at_this_moment_waits_and_puts_it_there_anew(
    mill: StagedIngest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment between the look and the removal, in which there is no row yet that could be locked."""
    import textmill.retention.copies as module

    mill.write("unknown.pdf", "good")
    stored(mill, "unknown.pdf")
    (sha256,) = copies(mill) - {sha_of(mill, "partial.pdf"), sha_of(mill, "broken.pdf")}
    (uri,) = mill.start("going")
    thread = Thread(target=lambda: mill.fetch("going", uri))
    lock, looks = module.lock_content, []

    def claimed_between(connection: Connection, wanted: str) -> bool:
        looks.append(lock(connection, wanted))
        thread.start()
        thread.join(1)
        assert thread.is_alive(), "fetching did not wait"
        return looks[-1]

    monkeypatch.setattr(module, "lock_content", claimed_between)
    assert counts(sweep(mill, kinds="content")) == {"fetched copies": 1}
    thread.join(30)
    assert looks == [False]
    assert sha256 in copies(mill)
    monkeypatch.undo()
    assert counts(sweep(mill, kinds="content")) == {}
    mill.read("going", uri)
    mill.finish_batch("going", uri)


@wherever_it_lies
def test_an_ingest_beside_it_loses_nothing(mill: StagedIngest) -> None:
    """Retention that takes everything for old goes round and round while runs fetch, read and load."""
    done, problems = Event(), []

    def clean_up() -> None:
        while not done.is_set():
            try:
                sweep(mill, days=400, kinds="content quarantine run", staging=390)
            except Exception as error:
                problems.append(error)
                return

    thread = Thread(target=clean_up)
    thread.start()
    try:
        for number in range(4):
            for name in ("a", "b", "c"):
                mill.write(f"{name}{number}.pdf", "good", "good")
            mill.write(f"bad{number}.pdf", "good", "bad")
            mill.run(f"beside-{number}", batch_seconds=1)
    finally:
        done.set()
        thread.join(60)
    assert problems == []
    loaded = rows(mill, "SELECT COUNT(*), SUM(pages) FROM document")
    assert [int(one) for one in loaded[0]] == [2 + 16, 2 + 1 + 4 * 7]
    assert {sha_of(mill, f"bad{number}.pdf") for number in range(4)} <= copies(mill)


# --- halves of files, reports, audits ----------------------------------------------------------------------


def test_halves_of_files_go_and_those_that_grow_stay(mill: StagedIngest) -> None:
    old = mill.staging.run("first").batch(0).folder / "pages.parquet.part"
    old.write_bytes(b"half")
    new = mill.staging.content / "incoming-new"
    new.write_bytes(b"grows")
    later = utc_now().timestamp() + 1.5 * DAY
    os.utime(new, (later, later))
    assert counts(sweep(mill, kinds="torn")) == {"torn files": 1}
    assert not old.exists() and new.exists()


@pytest.mark.parametrize("place", ["", "docs"])
def test_reports_of_ended_runs_go_and_whatever_else_lies_there_stays(
    mill: StagedIngest, place: str, tmp_path: Path
) -> None:
    root = tmp_path / place if place else mill.staging.data_docs
    mill.settings = mill.settings.model_copy(update={"data_docs": str(root) if place else ""})
    mill.start("going")
    names = [run_page(name).parent.name for name in ("first", "going")]
    for name in (*names, "index", "runaway"):
        (root / name / "deep").mkdir(parents=True)
        (root / name / "deep" / "index.html").write_text("x")
    removed = sweep(mill, kinds="data_docs")
    assert counts(removed) == {"reports of the quality gate": 1}
    assert sorted(path.name for path in root.iterdir()) == [
        names[1],
        "index",
        "runaway",
    ]


def test_reports_in_an_object_store_go_by_the_books_of_their_runs(mill: StagedIngest) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    class Memory(NoConnections):
        def filesystem(self, location: str, connection: str | None) -> MemoryFileSystem:
            return store

    store = MemoryFileSystem()
    mill.start("going")
    for name in ("first", "going", "of-another-deployment"):
        store.pipe(f"/docs/{run_page(name)}", b"<html>")
    settings = mill.settings.model_copy(update={"data_docs": "memory://docs"})
    periods, now = replace(NEVER, data_docs=1), utc_now() + timedelta(days=2)
    for dry_run in (True, False):
        removed = clean(
            mill.warehouse,
            mill.staging,
            settings,
            Memory(),
            periods=periods,
            now=now,
            dry_run=dry_run,
        )
        assert counts({one.kind: one for one in removed}) == {"reports of the quality gate": 1}
        assert len(store.ls("/docs")) == (3 if dry_run else 2)
    kept = sorted(store.ls("/docs", detail=False))
    assert kept == [f"/docs/{run_page(name).parent}" for name in ("going", "of-another-deployment")]
    store.rm("/docs", recursive=True)


def test_old_audits_go_but_for_the_latest_that_came_to_its_end(mill: StagedIngest) -> None:
    ended = [("'2020-01-01'", "'2020-01-01'"), ("'2020-01-02'", "'2020-01-02'"), ("'2020-01-03'", "NULL")]
    for began, finished in ended:
        run_sql(mill, f"INSERT INTO audit (started_at, finished_at) VALUES ({began}, {finished})")
    assert counts(sweep(mill, kinds="audit")) == {"audits": 2}
    assert [str(row.started_at.date()) for row in rows(mill, "SELECT started_at FROM audit")] == [
        "2020-01-02"
    ]


# --- the warehouse -----------------------------------------------------------------------------------------


@wherever_it_lies
def test_runs_that_nothing_names_go_with_their_batches(mill: StagedIngest) -> None:
    assert counts(sweep(mill, kinds="run")) == {}  # their staging files could not be cleared any more
    assert sweep(mill, kinds="staging run")["runs"].examples == ["idle"]
    # The first is named by pages and entries, the last by its source.
    assert [row.run_id for row in rows(mill, "SELECT run_id FROM ingest_run")] == ["first", "last"]
    assert rows(mill, "SELECT COUNT(*) FROM ingest_batch") == [(1,)]


def test_runs_that_go_on_or_claim_what_is_not_through_stay(mill: StagedIngest) -> None:
    mill.write("new.pdf", "good")
    (uri,) = mill.start("failing")
    mill.fetch("failing", uri)
    with pytest.raises(BatchFailed):
        mill.report("failing")
    mill.start("going")
    mill.run("after")
    run_sql(mill, "UPDATE media SET status = 'claimed', claimed_run = 'failing' WHERE claimed_run = 'after'")
    run_sql(mill, "UPDATE source SET ingest_run_id = (SELECT id FROM ingest_run WHERE run_id = 'after')")
    shutil.rmtree(mill.staging.runs)
    assert sorted(sweep(mill, kinds="run")["runs"].examples) == ["idle", "last"]


def test_history_of_an_entry_keeps_its_runs(mill: StagedIngest) -> None:
    run_sql(
        mill,
        "INSERT INTO quarantine_event (quarantine_id, happened_at, event, reason, message, ingest_run_id) "
        "SELECT q.id, NOW(), 'resolved', q.reason, '', r.id FROM quarantine AS q, ingest_run AS r "
        "WHERE r.run_id = 'idle' LIMIT 1",
    )
    assert counts(sweep(mill, kinds="staging run")) == {"staging folders": 3}


def test_a_page_that_is_written_at_this_moment_keeps_its_run(mill: StagedIngest) -> None:
    """The load has not committed yet: removing the run waits for it."""
    shutil.rmtree(mill.staging.runs)
    (key,) = rows(mill, "SELECT id FROM ingest_run WHERE run_id = 'idle'")
    removed: list[dict[str, int]] = []
    thread = Thread(target=lambda: removed.append(counts(sweep(mill, kinds="run"))))
    with mill.warehouse.begin() as connection:
        connection.execute(text("UPDATE page SET ingest_run_id = :key ORDER BY id LIMIT 1"), {"key": key.id})
        thread.start()
        thread.join(1)
        assert thread.is_alive()
    thread.join(30)
    assert removed == [{}]


def test_closed_entries_go_with_their_history_and_open_and_ignored_ones_stay(mill: StagedIngest) -> None:
    run_sql(
        mill,
        "UPDATE quarantine SET status = 'ignored', closed_at = '2020-01-01' WHERE page_no IS NOT NULL",
        "INSERT INTO quarantine (entry_key, sha256, uri_hash, uri, stage, reason, message, detail, "
        "permanent, attempts, status, first_seen, last_seen, ingest_run_id, batch_no, closed_at) "
        "SELECT REPEAT('1', 64), m.sha256, REPEAT('2', 64), 'file:///x', 'ocr', 'damaged_pdf', '', '', 1, 1, "
        "'resolved', NOW(), NOW(), r.id, 0, NOW() FROM media AS m, ingest_run AS r "
        "WHERE m.status = 'loaded' AND r.run_id = 'idle'",
        "INSERT INTO quarantine_event (quarantine_id, happened_at, event, reason, message) "
        "SELECT id, NOW(), 'resolved', 'damaged_pdf', '' FROM quarantine WHERE uri = 'file:///x'",
    )
    assert counts(sweep(mill, kinds="quarantine", ignored=True)) == {"closed quarantine entries": 1}
    assert sorted(row.status for row in rows(mill, "SELECT status FROM quarantine")) == ["ignored", "open"]
    assert (
        rows(mill, "SELECT * FROM quarantine_event WHERE quarantine_id NOT IN (SELECT id FROM quarantine)")
        == []
    )
    assert (
        rows(mill, "SELECT * FROM quarantine_event WHERE reason = 'damaged_pdf' AND event = 'resolved'") == []
    )
    (mill.folder / "partial.pdf").unlink()
    mill.run("again")
    assert counts(sweep(mill, kinds="quarantine")) == {}
    assert counts(sweep(mill, kinds="quarantine", ignored=True)) == {"closed quarantine entries": 1}


def test_an_entry_resolved_by_hand_stays_while_its_medium_lacks_the_page(mill: StagedIngest) -> None:
    run_sql(mill, "UPDATE quarantine SET status = 'resolved', closed_at = '2020-01-01'")
    assert counts(sweep(mill, kinds="quarantine")) == {}


def test_an_entry_resolved_by_hand_stays_while_no_run_opens_what_lies_at_its_address(
    mill: StagedIngest,
) -> None:
    run_sql(
        mill,
        "DELETE FROM quarantine",
        "INSERT INTO quarantine (entry_key, uri_hash, uri, stage, reason, message, detail, permanent, "
        "attempts, status, first_seen, last_seen, ingest_run_id, batch_no, closed_at) "
        "SELECT l.uri_hash, l.uri_hash, l.uri, 'fetch', 'empty_file', '', '', 1, 1, 'resolved', NOW(), "
        "NOW(), MIN(r.id), 0, '2020-01-01' FROM media_location AS l, ingest_run AS r "
        "GROUP BY l.uri_hash, l.uri ORDER BY l.uri_hash LIMIT 1",
        "UPDATE media_location SET refused = 1, media_id = NULL "
        "WHERE uri_hash IN (SELECT uri_hash FROM quarantine)",
    )
    assert counts(sweep(mill, kinds="quarantine", dry_run=True)) == {}
    run_sql(mill, "UPDATE media_location SET refused = 0")
    assert counts(sweep(mill, kinds="quarantine")) == {"closed quarantine entries": 1}


@wherever_it_lies
def test_what_comes_back_after_its_entry_went_is_read_again(mill: StagedIngest) -> None:
    from textmill.auditing import Audited, audit

    kept = {name: (mill.folder / name).read_bytes() for name in ("partial.pdf", "broken.pdf")}
    (mill.folder / "empty.pdf").write_bytes(b"")
    mill.run("refused")
    for path in (*map(mill.folder.joinpath, kept), mill.folder / "empty.pdf"):
        path.unlink()
    mill.run("gone")
    assert {row.status for row in rows(mill, "SELECT status FROM quarantine")} == {"gone"}
    assert counts(sweep(mill, kinds="quarantine content staging"))["closed quarantine entries"] == 3
    sweep(mill, kinds="content")
    assert copies(mill) == set() and rows(mill, "SELECT * FROM quarantine") == []

    def disagreements() -> Any:
        with mill.access.of_all() as staging:
            return audit(Audited(mill.warehouse, staging, utc_now(), 12.0, None)).counts

    assert disagreements() == {}
    for name, content in kept.items():
        (mill.folder / name).write_bytes(content)
    (mill.folder / "empty.pdf").write_bytes(b"")
    mill.run("back")
    entries = rows(mill, "SELECT status, reason FROM quarantine ORDER BY reason")
    assert [tuple(row) for row in entries] == [
        ("open", "damaged_pdf"),
        ("open", "empty_file"),
        ("open", "symbol_soup"),
    ]
    assert disagreements() == {}


def test_an_entry_that_is_opened_again_meanwhile_stays(mill: StagedIngest) -> None:
    from textmill.warehouse.closed_entries import Closed, closed_entries, remove_entries

    run_sql(mill, "UPDATE quarantine SET status = 'gone', closed_at = '2020-01-01'")
    closed = Closed(utc_now())
    with mill.warehouse.connect() as connection:
        keys = closed_entries(connection, closed, after=0, most=10)
    run_sql(mill, f"UPDATE quarantine SET status = 'open' WHERE id = {keys[0]}")
    gone = in_transaction(mill.warehouse, lambda connection: remove_entries(connection, closed, keys))
    assert gone == keys[1:]


def test_a_killed_run_of_it_goes_on(mill: StagedIngest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed when the folders were taken away and none was removed."""
    import textmill.trash as module

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        sweep(mill, kinds=ALL)
    monkeypatch.undo()
    assert list(mill.staging.runs.iterdir()) == []
    assert len(list((mill.staging.root / "removing").iterdir())) == 3
    sweep(mill, kinds=ALL)
    assert not (mill.staging.root / "removing").exists()


def test_params_without_a_value_are_for_ever() -> None:
    periods = Periods.of(Settings())
    params = {f"{name}_days": value for name, value in vars(periods).items()}
    assert Periods.wished(params) == periods
    assert Periods.wished(params | {"run_days": None, "staging_days": 0}) == replace(
        periods, run=0, staging=0
    )

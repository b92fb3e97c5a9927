"""Discovery of whole sources: what is handed on, what is noted of the rest, and being killed on the way."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_making import zip_bytes
from source_specs import folder_spec
from sqlalchemy import Engine, text, update

from textmill.access import NoConnections
from textmill.errors import BatchFailed, ChecksumMismatch, EngineFailed, MalformedLine, SourceError
from textmill.records import Content, Kind, MediaRef, Rejection, SourceKind, SourceProblem, SourceSpec, Stage
from textmill.run_wishes import Interval, QuarantineFilter, Reread, RunWishes
from textmill.settings import Settings
from textmill.sources.folder import FolderListing
from textmill.stages import discover as stage
from textmill.stages.report import report
from textmill.stages.source_walk import Discovery
from textmill.staging import Staging, path_of, read_records
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import utc_now
from textmill.warehouse.deletions import align_members, members_of
from textmill.warehouse.locations import note_location
from textmill.warehouse.quarantining import quarantine_all
from textmill.warehouse.reporting import run_summary
from textmill.warehouse.runs import finish_run, plan_run, run_key
from textmill.warehouse.tables import media


@dataclass
class Mill:
    """Discovers sources, and takes what is handed on for read."""

    warehouse: Engine
    staging: Staging
    settings: Settings
    sources: list[SourceSpec]
    runs: int = 0

    def discover(self, run_id: str | None = None, **wishes: Any) -> Discovery:
        self.runs += run_id is None
        return stage.discover(
            self.warehouse,
            self.staging,
            self.settings,
            run_id=run_id or self.run_id,
            source="",
            schedule="nightly",
            params={},
            wishes=RunWishes(**wishes),
            connections=NoConnections(),
        )

    @property
    def run_id(self) -> str:
        return f"run-{self.runs}"

    def handed_on(self, run_id: str | None = None) -> list[MediaRef]:
        return list(read_records(self.staging.run(run_id or self.run_id).discovered, MediaRef))

    def names(self) -> list[str]:
        return [path_of(ref.uri).name for ref in self.handed_on()]

    def names_of_urls(self) -> list[str]:
        return [ref.uri.rpartition("/")[2] for ref in self.handed_on()]

    def read(self) -> None:
        """Note what was handed on as a batch would, members of archives too, and end the run."""
        for ref in self.handed_on():
            media_id = self.note(ref, path_of(ref.uri).read_bytes())
            if ref.uri.endswith(".zip"):
                self.open(ref, media_id)
        self.end()

    def open(self, ref: MediaRef, media_id: int) -> None:
        import zipfile

        with zipfile.ZipFile(path_of(ref.uri)) as box:
            for name in box.namelist():
                inside = ref.model_copy(update={"uri": f"{ref.uri}!{name}"})
                self.note(inside, box.read(name), archive_id=media_id)
        sha256 = hashlib.sha256(path_of(ref.uri).read_bytes()).hexdigest()
        align_members(self.warehouse, members_of(ref.uri, sha256), utc_now())

    def note(self, ref: MediaRef, content: bytes, **wishes: Any) -> int:
        kind = Kind.ARCHIVE if ref.uri.endswith(".zip") else Kind.IMAGE
        known = Content(
            sha256=hashlib.sha256(content).hexdigest(), bytes=len(content), mime="x/y", kind=kind, path="-"
        )
        with self.warehouse.begin() as connection:
            claimant = Claimant(self.run_id, 0, Reread.NOTHING, 12)
            media_id = claim(connection, known, claimant, utc_now()).media_id
            note_location(connection, ref, media_id=media_id, refused=False, now=utc_now(), **wishes)
            connection.execute(update(media).where(media.c.id == media_id).values(status="loaded"))
        return media_id

    def refuse(self, rejection: Rejection) -> None:
        with self.warehouse.begin() as connection:
            quarantine_all(
                connection,
                [rejection],
                ingest_run_id=run_key(connection, self.run_id),
                batch_no=0,
                now=utc_now(),
            )

    def end(self) -> None:
        with self.warehouse.begin() as connection:
            plan_run(connection, self.run_id, [])
            finish_run(connection, self.run_id, utc_now())

    def rows(self, sql: str) -> list[Any]:
        with self.warehouse.connect() as connection:
            return list(connection.execute(text(sql)).all())

    def changes(self) -> dict[str, str]:
        return {
            row.uri.rpartition("/")[2]: row.change
            for row in self.rows("SELECT uri, `change` FROM v_location")
        }

    def facts(self) -> list[Any]:
        return self.rows("SELECT * FROM media_location ORDER BY id") + self.rows(
            "SELECT media_found, media_unchanged, media_reappeared, media_deleted FROM v_run ORDER BY run_id"
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files, one of them in a folder."""
    place = tmp_path / "in"
    write(place, "a.png", "b.png", "deep/c.png")
    return place


@pytest.fixture
def mill(warehouse: Engine, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mill:
    """One source: the folder."""
    settings = Settings(stable_seconds=0, sources_file=tmp_path / "none.yaml")
    made = Mill(warehouse, Staging(tmp_path / "staging"), settings, [folder_spec(folder)])

    def choose(wish: str, *_: Any, **__: Any) -> list[SourceSpec]:
        found = [spec for spec in made.sources if wish in ("", spec.name)]
        if not found:
            raise SourceError(f"There is no source {wish}.")
        return found

    monkeypatch.setattr(stage, "choose_sources", choose)
    return made


def write(place: Path, *names: str, content: str = "") -> None:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(content or f"content of {name}")


class Killed(BaseException):
    """What no code catches."""


class TestChanges:
    def test_what_did_not_change_is_not_handed_on(self, mill: Mill, folder: Path) -> None:
        assert mill.discover() == Discovery(found=3, to_read=3)
        assert mill.names() == ["a.png", "b.png", "c.png"]
        mill.read()
        (folder / "b.png").write_text("other")
        write(folder, "d.png")
        assert mill.discover() == Discovery(found=4, unchanged=2, to_read=2)
        assert mill.names() == ["b.png", "d.png"]
        mill.read()
        assert mill.changes() == {"a.png": "new", "b.png": "changed", "c.png": "new", "d.png": "new"}

    def test_a_file_that_is_gone_is_deleted_and_its_text_stays(self, mill: Mill, folder: Path) -> None:
        mill.discover()
        mill.read()
        (folder / "deep/c.png").unlink()
        assert mill.discover() == Discovery(found=2, unchanged=2, deleted=1)
        mill.end()
        assert mill.changes()["c.png"] == "deleted"
        gone = mill.rows("SELECT uri, status, deleted_at FROM v_document WHERE deleted_at IS NOT NULL")
        assert [(row.uri.rpartition("/")[2], row.status) for row in gone] == [("c.png", "loaded")]
        assert mill.discover() == Discovery(found=2, unchanged=2)

    def test_a_file_that_is_back_is_not_opened(self, mill: Mill, folder: Path) -> None:
        mill.discover()
        mill.read()
        (folder / "a.png").rename(folder / ".hidden")
        mill.discover()
        mill.end()
        (folder / ".hidden").rename(folder / "a.png")
        assert mill.discover() == Discovery(found=3, unchanged=3, reappeared=1)
        assert mill.changes()["a.png"] == "reappeared"
        assert mill.rows("SELECT deleted_at FROM v_location WHERE deleted_at IS NOT NULL") == []

    def test_a_file_that_was_moved_is_known_at_its_new_address(self, mill: Mill, folder: Path) -> None:
        mill.discover()
        mill.read()
        (folder / "a.png").rename(folder / "z.png")
        assert mill.discover() == Discovery(found=3, unchanged=2, deleted=1, to_read=1)
        mill.read()
        assert mill.changes() == {"a.png": "deleted", "b.png": "new", "c.png": "new", "z.png": "moved"}
        (document,) = mill.rows("SELECT uri, deleted_at FROM v_document WHERE uri LIKE '%/z.png'")
        assert document.deleted_at is None

    def test_what_waits_or_could_not_be_listed_is_not_gone(
        self, mill: Mill, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mill.discover()
        mill.read()
        scandir = os.scandir

        def guarded(place: str) -> Any:
            if "deep" in place:
                raise PermissionError(13, "Permission denied")
            return scandir(place)

        monkeypatch.setattr(os, "scandir", guarded)
        old = datetime.now().timestamp() - 3600
        os.utime(folder / "b.png", (old, old))
        mill.sources = [folder_spec(folder, stable_seconds=60)]
        assert mill.discover() == Discovery(found=1, to_read=1)
        assert "deleted" not in mill.changes().values()

    def test_what_another_run_noted_meanwhile_is_not_gone(
        self, mill: Mill, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mill.discover()
        mill.read()
        listing = FolderListing.__iter__

        def beside(self: FolderListing) -> Iterator[MediaRef]:
            yield from listing(self)
            late = MediaRef(uri=(folder / "late.png").as_uri(), source="x", bytes=1, modified_ns=1)
            mill.note(late, b"late")

        monkeypatch.setattr(FolderListing, "__iter__", beside)
        assert mill.discover().deleted == 0
        assert mill.changes()["late.png"] == "new"

    def test_only_what_the_source_covers_is_deleted(self, mill: Mill, folder: Path, tmp_path: Path) -> None:
        tree = tmp_path / "tree"
        write(tree, "in/a.png", "in/deep/c.png", "in%beside/x.png", "inner.png")
        mill.sources = [folder_spec(tree, name="all")]
        mill.discover()
        mill.read()
        mill.sources = [folder_spec(tree / "in")]
        for name in ("in/deep/c.png", "in%beside/x.png", "inner.png"):
            (tree / name).unlink()
        assert mill.discover() == Discovery(found=1, unchanged=1, deleted=1)
        assert [name for name, change in mill.changes().items() if change == "deleted"] == ["c.png"]


class TestArchives:
    def test_members_go_and_come_back_with_their_archive(self, mill: Mill, folder: Path) -> None:
        (folder / "box.zip").write_bytes(zip_bytes({"x.png": b"x", "y.png": b"y"}))
        mill.discover()
        mill.read()
        (folder / "box.zip").rename(folder / ".box")
        assert mill.discover() == Discovery(found=3, unchanged=3, deleted=1)
        mill.end()
        assert mill.changes()["box.zip!x.png"] == mill.changes()["box.zip!y.png"] == "deleted"
        (folder / ".box").rename(folder / "box.zip")
        assert mill.discover() == Discovery(found=4, unchanged=4, reappeared=1)
        assert mill.changes()["box.zip!x.png"] == mill.changes()["box.zip!y.png"] == "reappeared"

    def test_members_of_an_archive_that_was_copied_outlive_its_first_address(
        self, mill: Mill, folder: Path
    ) -> None:
        (folder / "box.zip").write_bytes(zip_bytes({"x.png": b"x"}))
        mill.discover()
        mill.read()
        (folder / "second.zip").write_bytes((folder / "box.zip").read_bytes())
        mill.discover()
        (ref,) = mill.handed_on()
        mill.note(ref, path_of(ref.uri).read_bytes())  # known, therefore not opened
        mill.end()
        (folder / "box.zip").unlink()
        assert mill.discover().deleted == 1
        assert mill.changes()["box.zip!x.png"] == "new"

    def test_members_that_a_changed_archive_has_no_more_are_deleted(self, mill: Mill, folder: Path) -> None:
        (folder / "box.zip").write_bytes(zip_bytes({"x.png": b"x", "y.png": b"y"}))
        mill.discover()
        mill.read()
        (folder / "box.zip").write_bytes(zip_bytes({"x.png": b"x", "z.png": b"z"}))
        mill.discover()
        mill.read()
        changes = mill.changes()
        assert (changes["box.zip!x.png"], changes["box.zip!y.png"], changes["box.zip!z.png"]) == (
            "new",
            "deleted",
            "new",
        )


class TestPartialListings:
    def test_an_interval_takes_only_what_was_modified_in_it_and_concludes_nothing(
        self, mill: Mill, folder: Path
    ) -> None:
        mill.discover()
        mill.read()
        listed = mill.rows("SELECT listed_at FROM v_source")
        (folder / "a.png").unlink()
        write(folder, "old.png", "older.png")
        start = datetime(2026, 3, 1, tzinfo=UTC)
        for name, hours in (("old.png", 0), ("older.png", -1)):
            moment = (start + timedelta(hours=hours)).timestamp()
            os.utime(folder / name, (moment, moment))
        interval = Interval(start, start + timedelta(days=1))
        assert mill.discover(interval=interval) == Discovery(found=1, to_read=1)
        assert mill.names() == ["old.png"]
        assert mill.rows("SELECT listed_at FROM v_source") == listed
        assert mill.rows("SELECT interval_start, interval_end FROM v_run ORDER BY run_id")[-1] == (
            datetime(2026, 3, 1),
            datetime(2026, 3, 2),
        )

    def test_a_dry_run_counts_everything_and_leaves_no_mark(self, mill: Mill, folder: Path) -> None:
        mill.discover()
        mill.read()
        (folder / "a.png").rename(folder / ".a")
        mill.discover()
        mill.end()
        (folder / ".a").rename(folder / "a.png")
        (folder / "b.png").unlink()
        write(folder, "new.png")
        tables = ("media_location", "source", "quarantine")
        before = [mill.rows(f"SELECT * FROM {table}") for table in tables]
        found = mill.discover(dry_run=True)
        assert found == Discovery(found=3, unchanged=2, reappeared=1, deleted=1, to_read=1)
        assert [mill.rows(f"SELECT * FROM {table}") for table in tables] == before
        mill.end()
        (run,) = mill.rows("SELECT * FROM v_run WHERE state = 'dry_run'")
        assert (run.media_found, run.media_unchanged, run.batches) == (3, 2, 0)

    def test_what_is_too_much_for_one_run_waits_for_the_next(self, mill: Mill, folder: Path) -> None:
        mill.sources = [folder_spec(folder, most_media=2)]
        assert mill.discover() == Discovery(found=2, to_read=2)
        mill.read()
        assert mill.rows("SELECT listed_at FROM v_source") == [(None,)]
        assert mill.discover() == Discovery(found=3, unchanged=2, to_read=1)
        mill.read()
        assert mill.rows("SELECT media_listed FROM v_source WHERE listed_at IS NOT NULL") == [(3,)]


class TestSeveralSources:
    def test_a_file_of_two_sources_belongs_to_the_first(self, mill: Mill, folder: Path) -> None:
        mill.sources = [folder_spec(folder / "deep", name="deep"), folder_spec(folder, name="all")]
        assert mill.discover() == Discovery(found=3, to_read=3)
        assert [(path_of(ref.uri).name, ref.source) for ref in mill.handed_on()] == [
            ("c.png", "deep"),
            ("a.png", "all"),
            ("b.png", "all"),
        ]
        mill.read()
        assert mill.discover() == Discovery(found=3, unchanged=3)

    def test_what_is_gone_from_both_of_two_sources_is_gone_once(self, mill: Mill, folder: Path) -> None:
        mill.sources = [folder_spec(folder / "deep", name="deep"), folder_spec(folder, name="all")]
        mill.discover()
        mill.read()
        (folder / "deep/c.png").unlink()
        assert mill.discover(dry_run=True).deleted == 1
        assert mill.discover().deleted == 1
        assert mill.discover(mill.run_id).deleted == 1

    def test_a_source_that_cannot_be_opened_fails_the_run_after_the_others(
        self, mill: Mill, tmp_path: Path
    ) -> None:
        mill.sources.append(folder_spec(tmp_path / "nowhere", name="gone"))
        assert mill.discover().to_read == 3
        with mill.warehouse.begin() as connection:
            plan_run(connection, mill.run_id, [])
        with pytest.raises(BatchFailed, match=r"the source gone: The source .*nowhere does not exist"):
            report(mill.warehouse, mill.staging, run_id=mill.run_id)
        ((state, found, problem),) = mill.rows("SELECT state, media_found, problem FROM v_run")
        assert (state, found) == ("failed", 3)
        assert "nowhere does not exist" in problem

    def test_a_source_that_breaks_on_the_way_hands_nothing_on(
        self, mill: Mill, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path / "second", "x.png", "y.png")
        mill.sources.append(folder_spec(tmp_path / "second"))
        listing = FolderListing.__iter__

        def breaking(self: FolderListing) -> Iterator[MediaRef]:
            refs = listing(self)
            yield next(refs)
            if "second" not in self.prefix:
                raise SourceError("It broke.")
            yield from refs

        monkeypatch.setattr(FolderListing, "__iter__", breaking)
        assert mill.discover() == Discovery(found=2, to_read=2)
        assert mill.names() == ["x.png", "y.png"]

    def test_what_a_source_named_before_it_broke_is_taken_from_the_next(
        self, mill: Mill, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mill.sources = [folder_spec(folder / "deep", name="deep"), folder_spec(folder, name="all")]
        mill.discover()
        mill.read()
        write(folder, "deep/new.png")
        listing = FolderListing.__iter__

        def breaking(self: FolderListing) -> Iterator[MediaRef]:
            yield from listing(self)
            if "deep" in self.prefix:
                raise SourceError("It broke.")

        monkeypatch.setattr(FolderListing, "__iter__", breaking)
        assert mill.discover() == Discovery(found=4, unchanged=3, to_read=1)
        assert mill.names() == ["new.png"]
        assert "deleted" not in mill.changes().values()

    def test_the_only_source_fails_discovery(self, mill: Mill, tmp_path: Path) -> None:
        mill.sources = [folder_spec(tmp_path / "nowhere")]
        with pytest.raises(SourceError, match="does not exist"):
            mill.discover()

    def test_files_get_the_name_that_the_catalogue_gives_their_folder(self, mill: Mill, folder: Path) -> None:
        mill.discover()
        mill.read()
        mill.sources = [folder_spec(folder, name="scans")]
        assert mill.discover().unchanged == 3
        assert mill.rows("SELECT DISTINCT source FROM v_document") == [("scans",)]
        mill.end()
        mill.sources = [folder_spec(folder)]
        mill.discover()
        assert mill.rows("SELECT DISTINCT source FROM v_document") == [("scans",)]


class TestQuarantine:
    def crashed(self, mill: Mill, name: str) -> None:
        uri = (path_of(mill.sources[0].location) / name).as_uri()
        sha256 = mill.rows(f"SELECT sha256 FROM v_location WHERE uri LIKE '%/{name}'")[0].sha256
        error = EngineFailed("It failed.")
        mill.refuse(Rejection.of(error, uri=uri, sha256=sha256, stage=Stage.OCR, page_no=1))

    def test_only_what_is_in_quarantine_is_tried_again(self, mill: Mill, folder: Path) -> None:
        mill.discover()
        mill.read()
        self.crashed(mill, "b.png")
        write(folder, "new.png")
        assert mill.discover(quarantined=QuarantineFilter()) == Discovery(found=1, to_read=1)
        assert mill.names() == ["b.png"]
        spec = list(read_records(mill.staging.run(mill.run_id).sources, SourceSpec))
        assert spec == mill.sources
        for wish in (
            QuarantineFilter(source="other"),
            QuarantineFilter(since=utc_now()),
            QuarantineFilter(reasons=(MalformedLine.reason,)),
        ):
            assert mill.discover(quarantined=wish).to_read == 0

    def test_of_a_member_the_outermost_archive_is_tried(self, mill: Mill, folder: Path) -> None:
        (folder / "box.zip").write_bytes(zip_bytes({"x.png": b"x", "y.png": b"y"}))
        mill.discover()
        mill.read()
        for member in ("x", "y"):
            uri = (folder / "box.zip").as_uri() + f"!{member}.png"
            mill.refuse(Rejection.of(EngineFailed("-"), uri=uri, sha256=None, stage=Stage.FETCH))
        mill.discover(quarantined=QuarantineFilter())
        assert mill.names() == ["box.zip"]

    def test_a_medium_is_tried_where_it_lies_now(self, mill: Mill, folder: Path) -> None:
        write(folder, "copy.png", content="content of b.png")
        mill.discover()
        mill.read()
        self.crashed(mill, "b.png")
        (folder / "b.png").write_text("another")
        mill.discover()
        mill.read()
        mill.discover(quarantined=QuarantineFilter())
        assert mill.names() == ["copy.png"]

    def test_a_source_that_left_the_catalogue_is_recalled(self, mill: Mill, folder: Path) -> None:
        mill.sources = [folder_spec(folder, name="old")]
        mill.discover()
        mill.read()
        self.crashed(mill, "b.png")
        mill.sources = []
        mill.discover(quarantined=QuarantineFilter())
        (spec,) = read_records(mill.staging.run(mill.run_id).sources, SourceSpec)
        assert (spec.name, spec.kind, spec.location) == ("old", SourceKind.FOLDER, folder.as_uri())

    def test_the_connection_of_an_address_that_was_typed_is_recalled(self, mill: Mill) -> None:
        (typed,) = mill.sources
        mill.sources = [typed.model_copy(update={"connection": "my_conn"})]
        mill.discover()
        mill.read()
        self.crashed(mill, "b.png")
        mill.sources = [typed]
        mill.discover(quarantined=QuarantineFilter())
        (spec,) = read_records(mill.staging.run(mill.run_id).sources, SourceSpec)
        assert spec.connection == "my_conn"

    def test_a_source_that_nobody_knows_any_more_does_not_hold_up_the_others(
        self, mill: Mill, folder: Path
    ) -> None:
        mill.sources = [folder_spec(folder / "deep", name="deep"), folder_spec(folder)]
        mill.discover()
        mill.read()
        mill.refuse(
            Rejection.of(
                EngineFailed("-"), uri=(folder / "deep/c.png").as_uri(), sha256=None, stage=Stage.FETCH
            )
        )
        uri = (folder / "b.png").as_uri()
        mill.refuse(Rejection.of(EngineFailed("-"), uri=uri, sha256=None, stage=Stage.FETCH))
        with mill.warehouse.begin() as connection:
            connection.execute(text("DELETE FROM source WHERE name = 'deep'"))
        mill.sources = mill.sources[1:]
        assert mill.discover(quarantined=QuarantineFilter()).to_read == 1
        assert mill.names() == ["b.png"]
        (problem,) = read_records(mill.staging.run(mill.run_id).problems, SourceProblem)
        assert problem == SourceProblem(source="deep", message="There is no source deep.")

    def test_entries_of_what_is_gone_close_and_open_again(self, mill: Mill, folder: Path) -> None:
        mill.discover()
        mill.read()
        self.crashed(mill, "b.png")
        status = "SELECT status FROM v_quarantine"
        (folder / "b.png").rename(folder / ".b")
        mill.discover()
        mill.end()
        assert mill.rows(status) == [("gone",)]
        assert mill.discover(quarantined=QuarantineFilter()).to_read == 0
        mill.end()
        (folder / ".b").rename(folder / "b.png")
        mill.discover()
        assert mill.rows(status) == [("open",)]


class TestManifests:
    """JSON lines; a URL with a checksum that is none makes its line malformed."""

    @pytest.fixture
    def listed(self, mill: Mill, tmp_path: Path) -> Callable[..., SourceSpec]:
        def listed(*names: str, malformed: str = "", source: str = "list") -> SourceSpec:
            lines = [{"url": f"https://example.org/{name}"} for name in names]
            if malformed:
                lines.append({"url": f"https://example.org/{malformed}", "sha256": "none"})
            path = tmp_path / f"{source}.jsonl"
            path.write_text("\n".join(json.dumps(line) for line in lines))
            return SourceSpec(name=source, kind=SourceKind.MANIFEST, location=path.as_uri())

        return listed

    def fetch(self, mill: Mill) -> None:
        for ref in mill.handed_on():
            mill.note(ref, ref.uri.encode())
        mill.end()

    def test_malformed_lines_are_quarantined_until_they_are_mended(
        self, mill: Mill, listed: Callable[..., SourceSpec]
    ) -> None:
        mill.sources = [listed("1", "2", malformed="3")]
        assert mill.discover() == Discovery(found=3, refused=1, to_read=2)
        (entry,) = mill.rows("SELECT * FROM v_quarantine")
        assert entry.message.startswith("list.jsonl, line 3: ")
        assert (entry.stage, entry.status, entry.attempts, entry.next_try) == ("discover", "open", 1, None)
        assert mill.rows("SELECT open_quarantine FROM v_source") == [(1,)]
        mill.discover(mill.run_id)  # again, as after it was killed
        assert mill.rows("SELECT attempts FROM v_quarantine") == [(1,)]
        with mill.warehouse.begin() as connection:
            plan_run(connection, mill.run_id, [(2, 3.0)])
            connection.execute(text("UPDATE ingest_batch SET state = 'loaded', media_loaded = 2"))
            finish_run(connection, mill.run_id, utc_now())
        (run,) = mill.rows("SELECT * FROM v_run")
        assert (run.media_found, run.media_loaded, run.media_unchanged, run.media_quarantined) == (3, 2, 0, 1)
        assert run_summary(mill.warehouse, mill.run_id).open_entries == 1
        listed("1", "2", "3")
        assert mill.discover().refused == 0
        assert mill.rows("SELECT status FROM v_quarantine") == [("resolved",)]

    def test_what_is_tried_again_is_what_the_manifest_says_of_it(
        self, mill: Mill, listed: Callable[..., SourceSpec], folder: Path
    ) -> None:
        spec = listed("1", "2", "3")
        said = {"sha256": "a" * 64, "language": "de", "tags": ["x"], "date": "2026-01-31"}
        lines = [{"url": f"https://example.org/{name}"} | said for name in ("1", "2", "3")]
        path_of(spec.location).write_text("\n".join(map(json.dumps, lines)))
        mill.sources = [spec, folder_spec(folder)]
        mill.discover()
        refs = {ref.uri: ref for ref in mill.handed_on()}
        for uri in ("https://example.org/1", "https://example.org/2"):
            mill.refuse(Rejection.of(ChecksumMismatch("-"), uri=uri, sha256=None, stage=Stage.FETCH))
            with mill.warehouse.begin() as connection:
                note_location(connection, refs[uri], media_id=None, refused=False, now=utc_now())
        path_of(spec.location).write_text("\n".join(map(json.dumps, lines[1:])))
        assert mill.discover(quarantined=QuarantineFilter()) == Discovery(found=1, to_read=1)
        assert mill.handed_on() == [refs["https://example.org/2"]]

    def test_a_manifest_that_is_away_leaves_its_entries_for_another_time(
        self, mill: Mill, listed: Callable[..., SourceSpec], folder: Path
    ) -> None:
        mill.sources = [listed("1"), folder_spec(folder)]
        mill.discover()
        for ref in mill.handed_on():
            mill.refuse(Rejection.of(ChecksumMismatch("-"), uri=ref.uri, sha256=None, stage=Stage.FETCH))
            with mill.warehouse.begin() as connection:
                note_location(connection, ref, media_id=None, refused=False, now=utc_now())
        path_of(mill.sources[0].location).unlink()
        assert mill.discover(quarantined=QuarantineFilter()) == Discovery(found=3, to_read=3)
        (problem,) = read_records(mill.staging.run(mill.run_id).problems, SourceProblem)
        assert problem.source == "list"

    def test_the_query_of_a_manifest_s_address_is_in_no_sentence(
        self, mill: Mill, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        address = "http://127.0.0.1:9/list.txt?sig=s3cret"
        mill.sources = [
            SourceSpec(name=address, kind=SourceKind.MANIFEST, location=address),
            folder_spec(folder),
        ]
        assert mill.discover().to_read == 3
        (problem,) = read_records(mill.staging.run(mill.run_id).problems, SourceProblem)
        assert problem.source == "http://127.0.0.1:9/list.txt"
        assert "s3cret" not in problem.message + caplog.text

    def test_a_manifest_whose_connection_cannot_be_used_is_left_out(
        self, mill: Mill, listed: Callable[..., SourceSpec], folder: Path
    ) -> None:
        mill.sources = [listed("1").model_copy(update={"connection": "nobody"}), folder_spec(folder)]
        assert mill.discover() == Discovery(found=3, to_read=3)
        (problem,) = read_records(mill.staging.run(mill.run_id).problems, SourceProblem)
        assert "connection nobody" in problem.message

    def test_urls_that_are_only_asked_for_changes_leave_room_for_the_rest(
        self, mill: Mill, listed: Callable[..., SourceSpec]
    ) -> None:
        mill.sources = [listed("1", "2", "3").model_copy(update={"most_media": 2})]
        mill.discover()
        assert mill.names_of_urls() == ["1", "2"]
        self.fetch(mill)
        mill.discover()
        assert mill.names_of_urls() == ["1", "2", "3"]

    def test_an_archive_is_fetched_again_for_a_member_that_is_not_through(
        self, mill: Mill, listed: Callable[..., SourceSpec]
    ) -> None:
        mill.sources = [listed("box.zip")]
        mill.discover()
        (ref,) = mill.handed_on()
        archive = mill.note(ref, b"box", etag='"1"')
        inside = ref.model_copy(update={"uri": f"{ref.uri}!x.png"})
        mill.note(inside, b"x", archive_id=archive)
        mill.end()
        mill.discover()
        assert [known.etag for known in mill.handed_on()] == ['"1"']
        mill.end()
        with mill.warehouse.begin() as connection:
            note_location(
                connection,
                inside,
                media_id=None,
                refused=False,
                archive_id=archive,
                now=utc_now(),
                failures=1,
            )
        mill.discover()
        assert [known.etag for known in mill.handed_on()] == [None]

    def test_what_another_manifest_still_names_is_its_own_from_then_on(
        self, mill: Mill, listed: Callable[..., SourceSpec]
    ) -> None:
        first, other = listed("1", "2"), listed("2", source="other")
        mill.sources = [first, other]
        mill.discover()
        self.fetch(mill)
        listed("1")
        assert mill.discover().deleted == 0
        mill.end()
        mill.sources = [first]  # the other one is ingested by another schedule
        assert mill.discover().deleted == 1
        mill.end()
        mill.sources = [other]
        assert mill.discover() == Discovery(found=1, to_read=1)
        assert mill.changes()["2"] == "reappeared"
        mill.end()
        mill.sources = [first]
        assert mill.discover().deleted == 0

    def test_what_a_manifest_does_not_name_any_more_is_deleted(
        self, mill: Mill, listed: Callable[..., SourceSpec]
    ) -> None:
        mill.sources = [listed("1", "2", "3")]
        mill.discover()
        self.fetch(mill)
        mill.note(MediaRef(uri="https://example.org/4", source="LIST"), b"4")
        listed("1", malformed="2")  # which does not take the URL away
        assert mill.discover().deleted == 1
        assert mill.changes() == {"1": "new", "2": "new", "3": "deleted", "4": "new"}

    def test_a_manifest_that_is_refused_as_a_whole_hands_nothing_on(
        self, mill: Mill, listed: Callable[..., SourceSpec], folder: Path
    ) -> None:
        mill.sources = [listed("1", malformed="2"), folder_spec(folder)]
        mill.settings = mill.settings.model_copy(update={"max_malformed_lines": 0})
        assert mill.discover() == Discovery(found=3, to_read=3)
        assert mill.names() == ["a.png", "b.png", "c.png"]


class TestKilled:
    @pytest.mark.parametrize("after", ["look_up", "mark", "delete_unseen", "align_members", "note_listing"])
    def test_discovery_that_was_killed_and_repeated_gives_the_same(
        self, mill: Mill, folder: Path, after: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from textmill.stages import source_walk

        (folder / "box.zip").write_bytes(zip_bytes({"x.png": b"x"}))
        mill.discover()
        mill.read()
        (folder / "a.png").rename(folder / ".a")
        mill.discover()
        mill.end()
        (folder / ".a").rename(folder / "a.png")
        (folder / "box.zip").unlink()
        (folder / "b.png").unlink()
        write(folder, "new.png")
        work = getattr(source_walk, after)

        def killed(*args: Any, **kwargs: Any) -> None:
            work(*args, **kwargs)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(source_walk, after, killed)
            with pytest.raises(Killed):
                mill.discover()
        expected = Discovery(found=3, unchanged=2, reappeared=1, deleted=2, to_read=1)
        assert mill.discover(mill.run_id) == expected
        facts = mill.facts()
        assert mill.discover(mill.run_id) == expected
        assert mill.facts() == facts
        assert mill.names() == ["new.png"]
        assert mill.changes() == {
            "a.png": "reappeared",
            "b.png": "deleted",
            "box.zip": "deleted",
            "box.zip!x.png": "deleted",
            "c.png": "new",
        }

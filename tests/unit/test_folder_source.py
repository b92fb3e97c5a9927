"""A folder as a source."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from textmill.errors import SourceError
from textmill.records import MediaRef, SourceKind, SourceSpec
from textmill.sources.folder import FolderListing
from textmill.staging import name_of, path_of


def stream_folder(location: str, *, stable_seconds: float) -> Iterator[MediaRef]:
    spec = SourceSpec(name="scans", kind=SourceKind.FOLDER, location=location)
    return iter(FolderListing(spec, stable_seconds=stable_seconds))


def names(folder: Path, stable_seconds: float = 0) -> list[str]:
    return [path_of(ref.uri).name for ref in stream_folder(str(folder), stable_seconds=stable_seconds)]


def test_files_come_in_order_of_their_names_before_those_of_deeper_folders(tmp_path: Path) -> None:
    for name in ("b.png", "a/z.png", "a/y/x.png", "c.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert names(tmp_path) == ["b.png", "c.pdf", "z.png", "x.png"]


def test_hidden_files_links_and_ground_truth_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(b"x")
    (tmp_path / "page.gt.txt").write_text("truth")
    (tmp_path / ".hidden.png").write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "page.png").write_bytes(b"x")
    (tmp_path / "link.png").symlink_to(tmp_path / "page.png")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == ["page.png"]


def test_a_file_that_may_still_be_written_waits(tmp_path: Path) -> None:
    for name, age in (("fresh.png", 0), ("settled.png", 60), ("wrong-clock.png", -86_400)):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    assert names(tmp_path, stable_seconds=5) == ["settled.png", "wrong-clock.png"]


def test_one_file_is_a_source_too(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(b"12345")
    (ref,) = stream_folder((tmp_path / "page.png").as_uri(), stable_seconds=0)
    assert ref.bytes == 5


def test_awkward_names_survive_as_addresses(tmp_path: Path) -> None:
    name = "Rechnung für Zoë #1 100%.png"
    (tmp_path / name).write_bytes(b"x")
    latin1 = os.fsdecode(os.fsencode(tmp_path) + b"/latin1-\xe9.png")
    Path(latin1).write_bytes(b"x")
    refs = list(stream_folder(str(tmp_path), stable_seconds=0))
    assert all(ref.uri.isascii() for ref in refs)
    assert {path_of(ref.uri) for ref in refs} == {tmp_path / name, Path(latin1)}
    assert {name_of(ref.uri) for ref in refs} == {name, "latin1-\N{REPLACEMENT CHARACTER}.png"}


def test_a_folder_that_may_not_be_listed_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.png", "lost+found/b.png", "z/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    scandir = os.scandir

    def guarded(folder: str) -> Any:
        if "lost+found" in folder:  # root may list everything, so the refusal is made here
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    assert names(tmp_path) == ["a.png", "c.png"]
    assert "lost+found is left out: Permission denied" in caplog.text


def test_another_kind_of_source_is_one_sentence() -> None:
    with pytest.raises(SourceError, match="no folder of this machine"):
        list(stream_folder("s3://bucket/scans", stable_seconds=0))


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        list(stream_folder(str(tmp_path / "none"), stable_seconds=0))


def test_a_folder_is_streamed(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number:03d}.png").write_bytes(b"x")
    stream = stream_folder(str(tmp_path), stable_seconds=0)
    assert path_of(next(stream).uri).name == "000.png"


def listing(folder: Path, **changes: Any) -> FolderListing:
    spec = SourceSpec(name="scans", kind=SourceKind.FOLDER, location=folder.as_uri(), **changes)
    return FolderListing(spec, stable_seconds=0)


def test_references_have_the_name_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    assert [ref.source for ref in listing(tmp_path)] == ["scans"]


def test_a_source_may_wait_longer_than_the_others_and_tells_what_waits(tmp_path: Path) -> None:
    (tmp_path / "fresh.png").write_bytes(b"x")
    waiting = listing(tmp_path, stable_seconds=60)
    assert list(waiting) == []
    assert waiting.settling == [(tmp_path / "fresh.png").as_uri()]


def test_globs_choose_among_the_paths_below_the_root(tmp_path: Path) -> None:
    for name in ("a.png", "b.pdf", "drafts/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    chosen = listing(tmp_path, include=("*.png",), exclude=("drafts/*",))
    assert [ref.uri for ref in chosen] == [(tmp_path / "a.png").as_uri()]
    assert [
        name for name in ("a.png", "b.pdf", "drafts/c.png") if chosen.covers((tmp_path / name).as_uri())
    ] == ["a.png"]


def test_what_a_listing_would_not_name_it_does_not_cover(tmp_path: Path) -> None:
    whole = listing(tmp_path)
    assert whole.covers((tmp_path / "deep" / "a 100%.png").as_uri())
    for name in (".hidden/a.png", "a/.b.png", "page.gt.txt", "../beside.png"):
        assert not whole.covers((tmp_path / name).as_uri())
    assert not whole.covers(tmp_path.as_uri() + "side/a.png")


def test_one_file_covers_itself_alone(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    one = listing(tmp_path / "a.png")
    assert one.covers((tmp_path / "a.png").as_uri())
    assert not one.covers((tmp_path / "a.png2").as_uri())


def test_the_root_of_the_file_system_is_a_folder_like_others() -> None:
    root = listing(Path("/"))
    assert root.prefix == "file:///"
    assert root.covers("file:///a.png")


def test_addresses_are_those_of_their_paths(tmp_path: Path) -> None:
    folder = tmp_path / "Zoë & Co" / "50%"
    folder.mkdir(parents=True)
    (folder / "a b!c.png").write_bytes(b"x")
    assert [ref.uri for ref in listing(tmp_path)] == [(folder / "a b!c.png").as_uri()]


def test_a_folder_that_could_not_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b").mkdir()
    scandir = os.scandir

    def guarded(folder: str) -> Any:
        if "a b" in folder:
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    half = listing(tmp_path)
    assert list(half) == []
    assert half.unlisted == [(tmp_path / "a b").as_uri()]

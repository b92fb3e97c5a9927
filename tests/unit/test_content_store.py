"""Copies are named by their content and bounded while they are made."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from textmill.errors import (
    EmptyFile,
    FileChanged,
    FileUnreadable,
    FileVanished,
    MediumError,
    TooManyBytes,
)
from textmill.fetching.content_store import ContentStore


def put(store: ContentStore, original: Path, max_bytes: int = 1000) -> str:
    with store.receive_file(original, name=original.name, max_bytes=max_bytes) as incoming:
        incoming.keep()
        return incoming.sha256


def test_a_copy_lies_under_its_hash(tmp_path: Path) -> None:
    original = tmp_path / "a.png"
    original.write_bytes(b"hello")
    store = ContentStore(tmp_path / "content")
    sha256 = put(store, original)
    assert sha256 == hashlib.sha256(b"hello").hexdigest()
    assert store.path(sha256).read_bytes() == b"hello"


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "content")
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"same")
        put(store, tmp_path / name)
    assert len([path for path in (tmp_path / "content").rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (b"", EmptyFile, "a.png is empty"),
        (b"x" * 1001, TooManyBytes, "TEXTMILL_MAX_FILE_BYTES allows 1,000"),
    ],
)
def test_refusals_name_the_file_and_leave_nothing(
    tmp_path: Path, content: bytes, error: type[MediumError], sentence: str
) -> None:
    original = tmp_path / "a.png"
    original.write_bytes(content)
    with pytest.raises(error, match=sentence):
        put(ContentStore(tmp_path / "content"), original)
    assert list((tmp_path / "content").rglob("*")) == []


def test_a_vanished_file(tmp_path: Path) -> None:
    with pytest.raises(FileVanished, match=r"a\.png was gone"):
        put(ContentStore(tmp_path / "content"), tmp_path / "a.png")


def test_what_became_a_pipe_or_a_link_is_left_for_the_next_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(FileChanged, match="no file any more"):
        put(ContentStore(tmp_path / "content"), tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "pipe.png")
    with pytest.raises(FileUnreadable):
        put(ContentStore(tmp_path / "content"), tmp_path / "link.png")


def test_what_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "content")
    with store.receive([b"he", b"llo"], name="a.png", max_bytes=5) as incoming:
        assert incoming.path.read_bytes() == b"hello"
        assert (incoming.bytes, incoming.sha256) == (5, hashlib.sha256(b"hello").hexdigest())
    assert list((tmp_path / "content").rglob("*")) == []


def test_a_stream_is_stopped_when_it_grows_too_large(tmp_path: Path) -> None:
    taken = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield b"x" * 100

    with (
        pytest.raises(TooManyBytes, match="TEXTMILL_MAX_FILE_BYTES allows 1,000"),
        ContentStore(tmp_path / "content").receive(endless(), name="a.png", max_bytes=1000),
    ):
        pass
    assert len(taken) == 11
    assert list((tmp_path / "content").rglob("*")) == []


def _stored(store: ContentStore, folder: Path, content: bytes) -> str:
    (folder / "original").write_bytes(content)
    return put(store, folder / "original")


def test_a_file_that_grows_meanwhile_is_left_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = tmp_path / "a.png"
    original.write_bytes(b"x" * 100)
    import textmill.fetching.content_store as module

    write_all = module._write_all

    def write_and_grow(target: int, chunk: bytes) -> None:
        write_all(target, chunk)
        if original.stat().st_size == 100:
            with original.open("ab") as growing:
                growing.write(b"y")

    monkeypatch.setattr(module, "_write_all", write_and_grow)
    with pytest.raises(FileChanged):
        put(ContentStore(tmp_path / "content"), original)

"""A prefix of an object store as a source, on a file system in memory and with faked pages.

Against a server of S3: tests/integration/test_object_store.py.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from textmill.errors import SourceError
from textmill.object_uris import ObjectUri
from textmill.records import SourceKind, SourceSpec
from textmill.sources.object_store import ObjectStoreListing

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def listing(
    filesystem: Any, location: str, *, stable_seconds: float = 0, **changes: Any
) -> ObjectStoreListing:
    spec = SourceSpec(name="archive", kind=SourceKind.FOLDER, location=location, **changes)
    return ObjectStoreListing(filesystem, spec, stable_seconds=stable_seconds)


def keys(listing: ObjectStoreListing) -> list[str]:
    return [ObjectUri.parse(ref.uri).key for ref in listing]


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    filesystem = MemoryFileSystem(skip_instance_cache=True)
    filesystem.store.clear()
    yield filesystem
    filesystem.store.clear()


def put(filesystem: MemoryFileSystem, *names: str) -> None:
    for name in names:
        filesystem.pipe(f"/box/{name}", b"x" * len(name))


def test_files_come_in_order_before_those_of_deeper_folders(memory: MemoryFileSystem) -> None:
    put(memory, "in/b.png", "in/a/z.png", "in/a/y/x.png", "in/c.pdf", "other/a.png", "input/a.png")
    assert keys(listing(memory, "memory://box/in")) == ["in/b.png", "in/c.pdf", "in/a/z.png", "in/a/y/x.png"]


def test_what_is_hidden_excluded_or_ground_truth_is_left_out(memory: MemoryFileSystem) -> None:
    put(memory, "in/page.png", "in/page.gt.txt", "in/.a.png", "in/.git/b.png", "in/drafts/c.png", "in/d.txt")
    found = listing(memory, "memory://box/in/", include=("*.png",), exclude=("drafts/",))
    assert keys(found) == ["in/page.png"]
    asked = ["page.png", "new.png", "page.gt.txt", ".a.png", "drafts/c.png", "d.txt"]
    assert [name for name in asked if found.covers(f"memory://box/in/{name}")] == ["page.png", "new.png"]
    assert not found.covers("memory://other/in/page.png")
    assert not found.covers("s3://box/in/page.png")


def test_dots_before_the_location_do_not_hide_what_lies_below_it(memory: MemoryFileSystem) -> None:
    put(memory, ".in/page.png")
    assert keys(listing(memory, "memory://box/.in")) == [".in/page.png"]


def test_an_object_that_may_still_be_written_waits(memory: MemoryFileSystem) -> None:
    put(memory, "fresh.png", "settled.png", "wrong-clock.png")
    memory.store["/box/settled.png"].created = LONG_AGO
    memory.store["/box/wrong-clock.png"].created = datetime(2999, 1, 1, tzinfo=UTC)
    found = listing(memory, "memory://box", stable_seconds=60)
    assert keys(found) == ["settled.png", "wrong-clock.png"]
    assert found.settling == ["memory://box/fresh.png"]


def test_the_delay_of_the_source_goes_before_that_of_the_settings(memory: MemoryFileSystem) -> None:
    put(memory, "fresh.png")
    assert keys(listing(memory, "memory://box", stable_seconds=60)) == []
    spec = SourceSpec(name="a", kind=SourceKind.FOLDER, location="memory://box", stable_seconds=0.0)
    assert len(list(ObjectStoreListing(memory, spec, stable_seconds=60))) == 1


def test_one_object_is_a_source_of_one_medium(memory: MemoryFileSystem) -> None:
    put(memory, "in/.page.png", "in/.page.png.old")
    found = listing(memory, "memory://box/in/.page.png", include=("*.pdf",))
    (ref,) = found
    assert (ref.uri, ref.source, ref.bytes) == ("memory://box/in/.page.png", "archive", 12)
    assert found.prefix == "memory://box/in/.page.png"
    assert found.covers(ref.uri)
    assert not found.covers("memory://box/in/.page.png.old")


def test_a_folder_that_cannot_be_listed_is_left_out_and_named(
    memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(memory, "a/x.png", "b c/y.png", "c/z.png")
    ls = memory.ls

    def refuse(path: str, **options: Any) -> Any:
        if path == "box/b c":
            raise PermissionError("s3cr3t")
        return ls(path, **options)

    monkeypatch.setattr(memory, "ls", refuse)
    found = listing(memory, "memory://box")
    assert keys(found) == ["a/x.png", "c/z.png"]
    assert found.unlisted == ["memory://box/b%20c"]


def test_a_location_without_a_bucket_is_refused(memory: MemoryFileSystem) -> None:
    with pytest.raises(SourceError, match="names no bucket: write s3://BUCKET/PREFIX"):
        listing(memory, "s3://")


class FakedS3:
    """Answers pages of keys, as many as asked for, without having them."""

    protocol = ("s3", "s3a")

    def __init__(self, total: int, breaks_at: int | None = None) -> None:
        self._total = total
        self._breaks_at = breaks_at
        self.asked = 0

    def call_s3(self, method: str, **wish: Any) -> dict[str, Any]:
        assert method == "list_objects_v2"
        self.asked += 1
        start = int(wish.get("ContinuationToken", 0))
        if start == self._breaks_at:
            raise OSError("broken: https://user:s3cr3t@store/")
        end = min(start + wish["MaxKeys"], self._total)
        contents = [
            {
                "Key": f"in/scan-{number:07}.tif",
                "Size": 1000,
                "LastModified": LONG_AGO,
                "ETag": f'"{number:032x}"',
            }
            for number in range(start, end)
        ]
        return {"Contents": contents, "IsTruncated": end < self._total, "NextContinuationToken": str(end)}


def test_a_flat_prefix_is_listed_in_bounded_memory() -> None:
    store = FakedS3(30_000)
    tracemalloc.start()
    try:
        count = sum(1 for _ in listing(store, "s3://box/in/", stable_seconds=5))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (count, store.asked) == (30_000, 30)
    assert peak < 4_000_000  # two pages of 1,000, and not 30


def test_a_listing_that_breaks_off_says_that_the_rest_is_unknown() -> None:
    found = listing(FakedS3(5_000, breaks_at=2_000), "s3://box/in/")
    assert len(keys(found)) == 2_000
    assert found.unlisted == ["s3://box/in/"]


def test_a_listing_that_does_not_begin_is_an_error_without_secrets() -> None:
    with pytest.raises(SourceError) as caught:
        list(listing(FakedS3(5_000, breaks_at=0), "s3://box/in/", connection="box"))
    assert "Check where the connection box leads (OSError)" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__suppress_context__

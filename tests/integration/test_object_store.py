"""Object stores against a server of S3, by connections of Airflow's."""

from __future__ import annotations

import itertools
import logging
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from s3_server import (
    LOGIN,
    PASSWORD,
    connection,
    make_bucket,
    put,
    put_many,
    refuse_unknown_logins,
    running_s3,
)

from textmill.errors import FileChanged, FileUnreadable, FileVanished, SourceError, TooManyBytes
from textmill.fetching.objects import object_chunks, object_modified_ns, open_object
from textmill.object_uris import ObjectUri
from textmill.records import MediaRef, SourceKind, SourceSpec
from textmill.sources.object_store import ObjectStoreListing

BUCKET = "scans"
ODD_KEYS = [
    "odd/a b.png",
    "odd/a#1?x=%41.png",
    "odd//double.png",
    "odd/100%.png",
    "odd/a!b.zip",
    "odd/plus+and&=.txt",
    "odd/ü/日本語.png",
    "odd/quote'\"~().png",
]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of the server."""
    with running_s3() as endpoint:
        yield endpoint


_numbers = itertools.count()

Connect = Callable[..., str]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Makes a connection and returns its id; each has its own, since Airflow keeps opened stores."""

    def make(endpoint: str, **changes: Any) -> str:
        name = f"textmill_s3_{next(_numbers)}"
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", connection(endpoint, **changes))
        return name

    return make


@pytest.fixture(scope="module")
def filesystem(s3: str) -> Iterator[Any]:
    """The file system on which the bucket lies."""
    from textmill_airflow.connections import AirflowConnections

    os.environ["AIRFLOW_CONN_TEXTMILL_S3"] = connection(s3)
    try:
        opened = AirflowConnections().filesystem(f"s3://{BUCKET}", "textmill_s3")
        make_bucket(opened, BUCKET)
        yield opened
    finally:
        del os.environ["AIRFLOW_CONN_TEXTMILL_S3"]


def listing(
    filesystem: Any, location: str, *, stable_seconds: float = 0, **changes: Any
) -> ObjectStoreListing:
    spec = SourceSpec(name="archive", kind=SourceKind.FOLDER, location=location, **changes)
    return ObjectStoreListing(filesystem, spec, stable_seconds=stable_seconds)


def refs(filesystem: Any, location: str, **changes: Any) -> list[MediaRef]:
    return [ref for ref in listing(filesystem, location, **changes) if isinstance(ref, MediaRef)]


def keys(filesystem: Any, location: str, **changes: Any) -> list[str]:
    return [ObjectUri.parse(ref.uri).key for ref in refs(filesystem, location, **changes)]


def read(filesystem: Any, ref: MediaRef, **changes: Any) -> bytes:
    wishes = {"name": "page.png", "etag": ref.etag, "max_bytes": 10**8} | changes
    return b"".join(object_chunks(filesystem, ref.uri, **wishes))


def test_all_keys_of_a_flat_prefix_are_listed_in_order_over_several_pages(filesystem: Any) -> None:
    names = [f"many/{number:05}.png" for number in range(2_500)]
    put_many(BUCKET, reversed(names))
    assert keys(filesystem, f"s3://{BUCKET}/many") == names
    assert keys(filesystem, f"s3://{BUCKET}/many/", include=("0000?.png",)) == names[:10]


def test_odd_keys_are_listed_and_read_as_they_are(filesystem: Any) -> None:
    for key in ODD_KEYS:
        put(filesystem, BUCKET, key, key.encode())
    found = refs(filesystem, f"s3://{BUCKET}/odd")
    assert {ObjectUri.parse(ref.uri).key: read(filesystem, ref) for ref in found} == {
        key: key.encode() for key in ODD_KEYS
    }
    assert all(ref.uri.isascii() and ref.modified_ns and ref.etag for ref in found)
    assert [read(filesystem, one) for ref in found for one in refs(filesystem, ref.uri)] == [
        read(filesystem, ref) for ref in found
    ]


def test_a_key_that_would_be_taken_for_a_version_is_refused(filesystem: Any) -> None:
    put(filesystem, BUCKET, "version/a.png", b"another object")
    put(filesystem, BUCKET, "version/a.png?versionId=3", b"this object")
    _, ref = refs(filesystem, f"s3://{BUCKET}/version")
    with pytest.raises(FileUnreadable, match="taken for a version"):
        read(filesystem, ref, etag=None)


def test_markers_hidden_objects_and_ground_truth_are_no_media_but_empty_objects_are(filesystem: Any) -> None:
    for key in ("kept.png", "empty.pdf", "folder/", ".hidden.png", ".git/a.png", "kept.gt.txt"):
        put(filesystem, BUCKET, f"kinds/{key}", b"" if key.startswith(("empty", "folder")) else b"x")
    put(filesystem, BUCKET, "kinds/", b"")
    assert keys(filesystem, f"s3://{BUCKET}/kinds") == ["kinds/empty.pdf", "kinds/kept.png"]


def test_objects_that_were_written_just_now_wait(filesystem: Any) -> None:
    put(filesystem, BUCKET, "fresh/a.png", b"x")
    found = listing(filesystem, f"s3://{BUCKET}/fresh", stable_seconds=600)
    assert list(found) == []
    assert found.settling == [f"s3://{BUCKET}/fresh/a.png"]


def test_a_prefix_without_objects_is_empty_and_a_bucket_that_is_not_there_an_error(filesystem: Any) -> None:
    assert refs(filesystem, f"s3://{BUCKET}/nothing/here") == []
    with pytest.raises(SourceError, match="there is no bucket nowhere"):
        refs(filesystem, "s3://nowhere/in", connection="textmill_s3")


def test_a_large_object_comes_in_pieces_in_several_threads(filesystem: Any) -> None:
    contents = [os.urandom(9_000_001 + number) for number in range(3)]
    for number, content in enumerate(contents):
        put(filesystem, BUCKET, f"large/{number}.tif", content)
    found = refs(filesystem, f"s3://{BUCKET}/large")
    pieces = list(object_chunks(filesystem, found[0].uri, name="0.tif", etag=found[0].etag, max_bytes=10**8))
    assert max(map(len, pieces)) <= 1024 * 1024
    assert b"".join(pieces) == contents[0]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda ref: read(filesystem, ref), found * 2)) == contents * 2


def test_an_object_that_is_gone_too_large_or_another_by_now_is_told_apart(filesystem: Any) -> None:
    put(filesystem, BUCKET, "fate/a.png", b"first")
    (ref,) = refs(filesystem, f"s3://{BUCKET}/fate")
    with pytest.raises(TooManyBytes, match="5 bytes; TEXTMILL_MAX_FILE_BYTES allows 4"):
        read(filesystem, ref, max_bytes=4)
    put(filesystem, BUCKET, "fate/a.png", b"other")
    with pytest.raises(FileChanged, match="after it was listed"):
        read(filesystem, ref)
    filesystem.call_s3("delete_object", Bucket=BUCKET, Key="fate/a.png")
    with pytest.raises(FileVanished):
        read(filesystem, ref)


def test_an_object_that_is_replaced_while_it_is_read_is_not_taken(filesystem: Any) -> None:
    put(filesystem, BUCKET, "replaced/a.tif", os.urandom(12_000_000))
    (ref,) = refs(filesystem, f"s3://{BUCKET}/replaced")
    chunks = object_chunks(filesystem, ref.uri, name="a.tif", etag=ref.etag, max_bytes=10**8)
    next(chunks)
    put(filesystem, BUCKET, "replaced/a.tif", os.urandom(12_000_000))
    with pytest.raises(FileChanged, match="while it was read"):
        list(chunks)


def test_a_manifest_is_read_line_by_line(filesystem: Any) -> None:
    put(filesystem, BUCKET, "lists/urls.txt", b"https://example.org/a\n" * 100_000)
    uri = f"s3://{BUCKET}/lists/urls.txt"
    with open_object(filesystem, uri) as stream:
        assert sum(1 for _ in stream) == 100_000
    assert object_modified_ns(filesystem, uri) == refs(filesystem, uri)[0].modified_ns
    with pytest.raises(SourceError, match=r"none\.txt cannot be read: it is not there"):
        object_modified_ns(filesystem, f"s3://{BUCKET}/lists/none.txt")
    with pytest.raises(SourceError, match="it is not there"), open_object(filesystem, f"s3://{BUCKET}/lists"):
        pass


def open_by(name: str) -> Any:
    from textmill_airflow.connections import AirflowConnections

    return AirflowConnections().filesystem(f"s3://{BUCKET}/in", name)


def test_a_missing_connection_is_a_sentence() -> None:
    with pytest.raises(SourceError, match="There is no connection textmill_s3_nobody"):
        open_by("textmill_s3_nobody")


def test_a_server_that_is_not_there_is_a_sentence(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    name = connect(f"http://127.0.0.1:{port}")
    with pytest.raises(SourceError, match=f"Check where the connection {name} leads"):
        refs(open_by(name), f"s3://{BUCKET}/in", connection=name)


def test_a_server_that_does_not_answer_is_given_up(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        patience = {"connect_timeout": 0.2, "read_timeout": 0.2, "retries": {"total_max_attempts": 1}}
        name = connect(f"http://127.0.0.1:{deaf.getsockname()[1]}", config_kwargs=patience)
        with pytest.raises(SourceError, match="does not answer as it should"):
            refs(open_by(name), f"s3://{BUCKET}/in/", connection=name)


@pytest.mark.parametrize("scheme", ["gs", "abfs"])
def test_a_cloud_without_its_packages_says_how_to_install_them(connect: Connect, scheme: str) -> None:
    from importlib.util import find_spec

    from textmill_airflow.connections import AirflowConnections

    if find_spec({"gs": "gcsfs", "abfs": "adlfs"}[scheme]):
        pytest.skip("the packages are installed")
    name = connect("http://127.0.0.1:1")
    with pytest.raises(SourceError, match="make setup-clouds"):
        AirflowConnections().filesystem(f"{scheme}://{BUCKET}", name)


def test_a_login_that_is_refused_is_a_sentence_without_secrets(
    s3: str,
    filesystem: Any,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.INFO)
    put(filesystem, BUCKET, "denied/a.png", b"x")
    (ref,) = refs(filesystem, f"s3://{BUCKET}/denied")
    name = connect(s3)
    opened = open_by(name)
    refuse_unknown_logins(s3)
    try:
        with pytest.raises(SourceError, match="access was denied") as caught:
            refs(opened, f"s3://{BUCKET}/denied", connection=name)
        with pytest.raises(FileUnreadable) as refused:
            read(opened, ref)
    finally:
        refuse_unknown_logins(s3, after=10**9)
    shown = f"{caught.value}{refused.value}{refused.value.detail}{caplog.text}{capfd.readouterr()}"
    assert PASSWORD not in shown
    assert LOGIN not in shown

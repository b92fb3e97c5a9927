"""Addresses of objects."""

from __future__ import annotations

import pytest

from textmill.object_uris import ObjectUri
from textmill.staging import name_of

KEYS = [
    "a b.png",
    "a#1?x=%41.png",
    "a//b.png",
    "/a.png",
    "ü/日本.png",
    "a!b.zip",
    "100%.png",
    "line\nbreak",
    "a/",
]


@pytest.mark.parametrize("key", KEYS)
def test_any_key_survives_as_an_address(key: str) -> None:
    uri = str(ObjectUri("s3", "bucket", key))
    assert uri.isascii()
    assert uri.isprintable()
    assert " " not in uri
    assert ObjectUri.parse(uri) == ObjectUri("s3", "bucket", key)


def test_what_somebody_types_becomes_one_address() -> None:
    assert str(ObjectUri.parse("S3://bucket/a b#1?.png")) == "s3://bucket/a%20b%231%3F.png"
    assert str(ObjectUri.parse("s3://bucket")) == "s3://bucket/"
    assert ObjectUri.parse("s3://bucket/%E9.png").key == "\udce9.png"


def test_a_container_may_be_followed_by_its_account() -> None:
    uri = ObjectUri.parse("abfs://scans@acme.dfs.core.windows.net/in/a.png")
    assert uri.path == "scans/in/a.png"
    assert str(uri) == "abfs://scans@acme.dfs.core.windows.net/in/a.png"


def test_names_are_shown_as_the_store_has_them() -> None:
    assert name_of(str(ObjectUri("s3", "bucket", "in/a b#1?.png"))) == "a b#1?.png"

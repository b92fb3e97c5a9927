"""Removing objects many at once, with what a store refuses to remove told by an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_AT_ONCE = 1000
"""What S3 takes in one request."""

_DENIED = ("AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId")


def remove_objects(filesystem: AbstractFileSystem, paths: Sequence[str]) -> None:
    """Remove objects, those first that are named first; absent ones are fine.

    Args:
        paths: as the file system takes them, all of one bucket.

    Raises:
        Exception: what the file system raises; an OSError where S3 keeps one of them.
    """
    for start in range(0, len(paths), _AT_ONCE):
        chunk = paths[start : start + _AT_ONCE]
        if "s3" in filesystem.protocol:
            _remove_from_s3(filesystem, chunk)
        else:
            _remove_one_by_one(filesystem, chunk)


def _remove_from_s3(filesystem: AbstractFileSystem, paths: Sequence[str]) -> None:
    """DeleteObjects of the S3 API: it answers 200 whatever it refuses, and s3fs does not look at what."""
    bucket = paths[0].partition("/")[0]
    keys = [{"Key": path.partition("/")[2]} for path in paths]
    answer = filesystem.call_s3("delete_objects", Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    for refused in _refusals(answer):
        kind = PermissionError if refused in _DENIED else OSError
        raise kind(f"S3 does not remove an object: {refused}")


def _refusals(answer: dict[str, Any]) -> Iterator[str]:
    yield from (str(one.get("Code")) for one in answer.get("Errors", ()) if one.get("Code") != "NoSuchKey")


def _remove_one_by_one(filesystem: AbstractFileSystem, paths: Sequence[str]) -> None:
    for path in paths:
        try:
            filesystem.rm_file(path)
        except FileNotFoundError:
            continue

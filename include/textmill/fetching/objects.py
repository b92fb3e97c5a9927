"""Reading objects of object stores. Safe in several threads at once: fsspec runs one loop for all of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from textmill.errors import (
    FileChanged,
    FileUnreadable,
    FileVanished,
    MediumError,
    SourceError,
    TooManyBytes,
    TransferBroken,
)
from textmill.object_answers import ObjectFacts, Trouble, facts_of, kind_of, trouble_of
from textmill.object_uris import ObjectUri

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from typing_extensions import Buffer

_CHUNK_BYTES = 1024 * 1024
_REQUEST_BYTES = 4 * 1024 * 1024
"""What is asked for at once, and held in memory for each object that is being read."""
_VERSION = "?versionId="

T = TypeVar("T")


def object_chunks(
    filesystem: AbstractFileSystem, uri: str, *, name: str, etag: str | None, max_bytes: int
) -> Iterator[bytes]:
    """Stream an object in chunks of a mebibyte.

    Args:
        name: what the object is called in error sentences.
        etag: as it was listed; None where that is not known.

    Raises:
        FileVanished, FileUnreadable, FileChanged, TooManyBytes, TransferBroken: see the classes.
    """
    path = _path(uri)
    if path is None:
        raise FileUnreadable(
            f"{name} cannot be read: what follows {_VERSION} would be taken for a version of an object."
        )
    file, before = _asked(name, lambda: _open(filesystem, path))
    with file:
        if before.bytes > max_bytes:
            raise TooManyBytes(
                f"{name} has {before.bytes:,} bytes; TEXTMILL_MAX_FILE_BYTES allows {max_bytes:,}."
            )
        if etag is not None and before.etag != etag:
            raise FileChanged(f"{name} was changed after it was listed; the next run takes it again.")
        size = 0
        while size < before.bytes and (chunk := _asked(name, lambda: file.read(_CHUNK_BYTES))):
            size += len(chunk)
            yield chunk
    after = _asked(name, lambda: facts_of(filesystem.info(path)))
    if after != before:
        raise FileChanged(f"{name} was changed while it was read; the next run takes it again.")
    if size != before.bytes:
        raise TransferBroken(f"Of {name}, only {size:,} of {before.bytes:,} bytes arrived.")


@contextmanager
def open_object(filesystem: AbstractFileSystem, uri: str) -> Iterator[BinaryIO]:
    """Open an object that describes a source: a manifest. It is fetched piece by piece, as it is read.

    Raises:
        SourceError: it cannot be opened; inside of the block, it cannot be read to its end.
    """
    file, _ = _asked_for_source(uri, lambda: _open(filesystem, _source_path(uri)))
    with file, io.BufferedReader(_Pieces(file, uri), _CHUNK_BYTES) as stream:
        yield stream


def object_modified_ns(filesystem: AbstractFileSystem, uri: str) -> int | None:
    """Return when an object was modified, in nanoseconds since 1970; None where the store does not say.

    Raises:
        SourceError: it is not there, or may not be looked at.
    """
    return _asked_for_source(uri, lambda: facts_of(filesystem.info(_source_path(uri)))).modified_ns


class _Pieces(io.RawIOBase):
    """Reads an object of fsspec's, and says in words what goes wrong."""

    def __init__(self, file: Any, uri: str) -> None:
        self._file = file
        self._uri = uri

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        chunk = _asked_for_source(self._uri, lambda: self._file.read(len(view)))
        view[: len(chunk)] = chunk
        return len(chunk)


def _path(uri: str) -> str | None:
    """Return the path of an object, or None where the file systems would read another object than that."""
    path = ObjectUri.parse(uri).path
    return None if _VERSION.lower() in path.lower() else path


def _source_path(uri: str) -> str:
    return ObjectUri.parse(uri).path


def _open(filesystem: AbstractFileSystem, path: str) -> tuple[Any, ObjectFacts]:
    """Open an object; returns the open file and what the store says about it.

    S3 is then asked for just this version of it (If-Match); the others are not.
    """
    file = filesystem.open(path, "rb", block_size=_REQUEST_BYTES, cache_type="readahead")
    try:
        info = getattr(file, "details", None) or filesystem.info(path)
        if info["type"] == "directory":
            raise FileNotFoundError(path)
        return file, facts_of(info)
    except BaseException:
        file.close()
        raise


def _asked(name: str, ask: Callable[[], T]) -> T:
    """Return what a store answers, and turn its refusals into those of a medium."""
    try:
        return ask()
    except Exception as error:  # of many libraries
        raise _medium_error(error, name) from None


def _medium_error(error: Exception, name: str) -> MediumError:
    kind = kind_of(error)
    match trouble_of(error):
        case Trouble.GONE:
            return FileVanished(f"{name} was gone when it was to be read.", detail=kind)
        case Trouble.DENIED:
            return FileUnreadable(
                f"{name} may not be read with the connection of its source: grant it read access.",
                detail=kind,
            )
        case Trouble.CHANGED:
            return FileChanged(
                f"{name} was changed while it was read; the next run takes it again.", detail=kind
            )
        case Trouble.AWAY:
            return TransferBroken(
                f"{name} could not be fetched to its end from its object store.", detail=kind
            )


def _asked_for_source(uri: str, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except Exception as error:  # of many libraries
        why = {
            Trouble.GONE: "it is not there",
            Trouble.DENIED: "access was denied; the connection of the source must be allowed to read it",
            Trouble.CHANGED: "it was changed meanwhile; run it again",
            Trouble.AWAY: "the store does not answer as it should",
        }[trouble_of(error)]
        raise SourceError(f"{uri} cannot be read: {why} ({kind_of(error)}).") from None

"""Read a file that somebody else owns, and may move or change at any moment."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from textmill.errors import FileChanged, FileUnreadable, FileVanished, TooManyBytes

_CHUNK_BYTES = 1024 * 1024


def file_chunks(original: Path, name: str, max_bytes: int) -> Iterator[bytes]:
    """Stream a file.

    Args:
        name: what it is called in error sentences.

    Raises:
        TooManyBytes, FileVanished, FileUnreadable, FileChanged: see the classes.
    """
    size = 0
    with os.fdopen(_open(original, name), "rb", buffering=0) as file:
        before = os.fstat(file.fileno())
        if before.st_size > max_bytes:
            raise TooManyBytes(
                f"{name} has {before.st_size:,} bytes; TEXTMILL_MAX_FILE_BYTES allows {max_bytes:,}."
            )
        while chunk := _read(file, name):
            size += len(chunk)
            yield chunk
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise FileChanged(f"{name} was changed while it was read; the next run takes it again.")


def _open(original: Path, name: str) -> int:
    try:
        # Not blocking and not following: what was a file when it was listed may be a pipe or a link now.
        descriptor = os.open(original, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise FileVanished(f"{name} was gone when it was to be read.", detail=str(error)) from error
    except OSError as error:
        raise FileUnreadable(
            f"{name} cannot be opened by the account that runs Airflow ({error.strerror}).", detail=str(error)
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileChanged(f"{name} is no file any more; the next run looks again.")
    return descriptor


def _read(file: FileIO, name: str) -> bytes:
    try:
        return file.read(_CHUNK_BYTES)
    except OSError as error:
        raise FileUnreadable(f"{name} cannot be read ({error.strerror}).", detail=str(error)) from error

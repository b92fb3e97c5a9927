"""A store of files named by the SHA-256 of their content.

What OCR reads is the copy, so that identity and text belong to the same bytes even when somebody edits the
original in between. The copy goes when its text is in the warehouse, and stays while it is in quarantine.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from textmill.errors import EmptyFile, FileChanged, FileUnreadable, FileVanished, TooManyBytes

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Incoming:
    """A copy that is complete but not kept yet.

    Attributes:
        path: where it lies for now.
        place: where it lies once it is kept.
    """

    sha256: str
    bytes: int
    path: Path
    place: Path

    def keep(self) -> None:
        """Put the copy into its place; doing so again is fine."""
        if self.path.exists():
            self.place.parent.mkdir(exist_ok=True)
            self.path.replace(self.place)


class ContentStore:
    """The store below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, sha256: str) -> Path:
        """Where content with this hash lies, or would lie."""
        return self._root / sha256[:2] / sha256

    @contextmanager
    def receive_file(self, original: Path, *, name: str, max_bytes: int) -> Iterator[Incoming]:
        """Copy a file; see `receive`.

        Raises:
            EmptyFile, TooManyBytes, FileVanished, FileUnreadable, FileChanged: see the classes.
        """
        with self.receive(
            _file_chunks(original, name, max_bytes), name=name, max_bytes=max_bytes
        ) as incoming:
            yield incoming

    @contextmanager
    def receive(self, chunks: Iterable[bytes], *, name: str, max_bytes: int) -> Iterator[Incoming]:
        """Copy a stream, hashing it on the way. What is not kept inside of the block is dropped at its end.

        Args:
            name: what the stream is called in error sentences.

        Raises:
            EmptyFile, TooManyBytes: see the classes; and whatever `chunks` raises.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._root, prefix="incoming-", delete=False) as copy:
            partial = Path(copy.name)
            try:
                digest, size = _copy(chunks, copy.fileno(), name, max_bytes)
                yield Incoming(sha256=digest, bytes=size, path=partial, place=self.path(digest))
            finally:
                partial.unlink(missing_ok=True)

    def remove(self, sha256: str) -> None:
        """Drop content that is no longer needed; absent content is fine."""
        self.path(sha256).unlink(missing_ok=True)

    def remove_older_than(self, days: float, *, keep: Container[str]) -> int:
        """Remove copies that killed tasks left behind, but for content named in `keep`; returns how many."""
        oldest = time.time() - days * 86_400
        stale = [
            path
            for path in self._root.rglob("*")
            if path.is_file() and path.name not in keep and path.stat().st_mtime < oldest
        ]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)


def _copy(chunks: Iterable[bytes], target: int, name: str, max_bytes: int) -> tuple[str, int]:
    """Copy `chunks` to the open descriptor `target`; returns the SHA-256 in hex and the bytes.

    Only faults of the original become a MediumError: a full disk under the copy is the task's own.
    """
    digest = hashlib.sha256()
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise TooManyBytes(f"{name} is too large: TEXTMILL_MAX_FILE_BYTES allows {max_bytes:,} bytes.")
        digest.update(chunk)
        _write_all(target, chunk)
    if size == 0:
        raise EmptyFile(f"{name} is empty (0 bytes). Copy it again from where it came from.")
    os.fsync(target)
    return digest.hexdigest(), size


def _file_chunks(original: Path, name: str, max_bytes: int) -> Iterator[bytes]:
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


def _write_all(target: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(target, view) :]

"""A store of files named by the SHA-256 of their content.

What OCR reads is the copy, so that identity and text belong to the same bytes even when somebody edits the
original in between. The copy goes when its text is in the warehouse, and stays while it is in quarantine.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from tempfile import mkstemp

from textmill.errors import EmptyFile, FileChanged, FileUnreadable, FileVanished, TooManyBytes

_CHUNK_BYTES = 1024 * 1024
_INCOMING = "incoming-"


@dataclass(frozen=True)
class Incoming:
    """A copy that is complete but not kept yet.

    Attributes:
        path: where it lies for now.
        place: where it lies once it is kept.
        etag, last_modified: of a URL or an object, by what to ask later whether it is still the same.
    """

    sha256: str
    bytes: int
    path: Path
    place: Path
    etag: str | None = None
    last_modified: str | None = None

    def keep(self) -> None:
        """Put the copy into its place; doing so again is fine."""
        if not self.path.exists():
            return
        try:
            self.path.replace(self.place)
        except FileNotFoundError:  # the first whose hash begins like this
            self.place.parent.mkdir(exist_ok=True)
            self.path.replace(self.place)

    def drop(self) -> None:
        """Remove the copy unless it is kept; doing so again is fine."""
        if self.path != self.place:
            self.path.unlink(missing_ok=True)


class IncomingWriter:
    """Writes a copy piece by piece, hashing it on the way: for what arrives in several tries.

    Between two tries `pause` gives the file descriptor back, since thousands may be waiting. Whoever makes a
    writer ends it with `finish` or `discard`.

    Args:
        name: what the stream is called in error sentences.
        limit: words for the setting that allows `max_bytes`.
    """

    def __init__(self, store: ContentStore, *, name: str, max_bytes: int, limit: str) -> None:
        self._store = store
        self._name = name
        self._max_bytes = max_bytes
        self._limit = limit
        self._digest = hashlib.sha256()
        self._descriptor: int | None = None
        self._path: Path | None = None
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Append to the copy; raises TooManyBytes, with nothing of the piece written."""
        self.allow(self.size + len(chunk))
        _write_all(self._open(), chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def allow(self, size: int) -> None:
        """Raise TooManyBytes when a copy of this size is not wanted."""
        if size > self._max_bytes:
            raise TooManyBytes(f"{self._name} is too large: {self._limit} allows {self._max_bytes:,} bytes.")

    def restart(self) -> None:
        """Throw away what was written: the stream begins anew."""
        if self._path is not None:
            os.ftruncate(self._open(), 0)
            os.lseek(self._open(), 0, os.SEEK_SET)
        self._digest = hashlib.sha256()
        self.size = 0

    def pause(self) -> None:
        """Close the file for now."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def finish(self, *, etag: str | None = None, last_modified: str | None = None) -> Incoming:
        """Bring the copy to the disk; the caller then keeps or drops what is returned.

        Raises:
            EmptyFile: nothing was written.
        """
        if self.size == 0 or self._path is None:
            self.discard()
            raise EmptyFile(f"{self._name} is empty (0 bytes). Copy it again from where it came from.")
        os.fsync(self._open())
        self.pause()
        sha256 = self._digest.hexdigest()
        return Incoming(sha256, self.size, self._path, self._store.path(sha256), etag, last_modified)

    def discard(self) -> None:
        """Remove what was written."""
        self.pause()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """The hash of what was written so far."""
        return self._digest.hexdigest()

    def _open(self) -> int:
        if self._descriptor is None:
            if self._path is None:
                self._descriptor, self._path = self._store.new_file()
            else:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        return self._descriptor


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

        Only faults of the original become a MediumError: a full disk under the copy is the task's own.

        Args:
            name: what the stream is called in error sentences.

        Raises:
            EmptyFile, TooManyBytes: see the classes; and whatever `chunks` raises.
        """
        writer = self.writer(name=name, max_bytes=max_bytes)
        try:
            for chunk in chunks:
                writer.write(chunk)
            yield writer.finish()
        finally:
            writer.discard()

    def writer(self, *, name: str, max_bytes: int, limit: str = "TEXTMILL_MAX_FILE_BYTES") -> IncomingWriter:
        """Return what writes a new copy piece by piece."""
        return IncomingWriter(self, name=name, max_bytes=max_bytes, limit=limit)

    def new_file(self) -> tuple[int, Path]:
        """Open a new file for a copy that is under way."""
        try:
            descriptor, path = mkstemp(dir=self._root, prefix=_INCOMING)
        except FileNotFoundError:  # the first of all
            self._root.mkdir(parents=True, exist_ok=True)
            descriptor, path = mkstemp(dir=self._root, prefix=_INCOMING)
        return descriptor, Path(path)

    def remove(self, sha256: str) -> None:
        """Drop content that is no longer needed; absent content is fine."""
        self.path(sha256).unlink(missing_ok=True)

    def copies(self) -> Iterator[Path]:
        """Stream the files of all contents that are kept; each has the SHA-256 of its content as its name."""
        for folder in _entries(self._root):
            if folder.is_dir():
                yield from (Path(one.path) for one in _entries(folder.path) if one.is_file())

    def incoming(self) -> Iterator[Path]:
        """Stream the files that are being written, or were when their task was killed."""
        return (Path(one.path) for one in _entries(self._root) if one.name.startswith(_INCOMING))

    def set_aside(self, sha256: str) -> Path | None:
        """Take content out of its place, to be removed or put back; None when it is not there.

        Until then it is a file that is being written: should its task die, it goes as these do.
        """
        descriptor, aside = self.new_file()
        os.close(descriptor)
        try:
            return self.path(sha256).replace(aside)
        except FileNotFoundError:
            aside.unlink()
            return None

    def put_back(self, aside: Path, sha256: str) -> None:
        """Put content back that was set aside, unless it was fetched anew meanwhile."""
        with suppress(FileExistsError):
            os.link(aside, self.path(sha256))
        aside.unlink()


def _entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """Stream what lies in a folder; nothing when there is none."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from entries


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

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
from pathlib import Path
from tempfile import mkstemp

from textmill.errors import EmptyFile, TooManyBytes
from textmill.fetching.original_file import file_chunks

_INCOMING = "incoming-"


@dataclass(frozen=True, slots=True)
class StoredCopy:
    """A file of the store, as it was when somebody looked.

    Attributes:
        name: of content that is kept, its SHA-256; of anything else, a name of its own.
        modified: seconds since 1970; for content that is kept, when it was fetched.
    """

    name: str
    bytes: int
    modified: float


@dataclass(frozen=True)
class Incoming:
    """A copy that is complete but not kept yet.

    Attributes:
        path: where it lies for now.
        store: where it lies once it is kept.
        etag, last_modified: of a URL or an object, by what to ask later whether it is still the same.
    """

    sha256: str
    bytes: int
    path: Path
    store: ContentStore
    etag: str | None = None
    last_modified: str | None = None

    @property
    def place(self) -> Path:
        """Where it lies on this machine once it is kept."""
        return self.store.path(self.sha256)

    def keep(self) -> None:
        """Put the copy into its place; doing so again is fine."""
        self.store.keep(self.path, self.sha256)

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
        return Incoming(sha256, self.size, self._path, self._store, etag, last_modified)

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
    """The store below one folder of this machine.

    Where machines share no disk, `textmill.shared_staging` has a class with the same methods that keeps the
    copies in an object store, and has here only those that are worked on.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, sha256: str) -> Path:
        """Where content with this hash lies on this machine, or would lie; see `bring`."""
        return self._root / sha256[:2] / sha256

    def relative_path(self, sha256: str) -> str:
        """Return the same from the staging area on: the same on all machines (`Content.path`)."""
        return f"{self._root.name}/{sha256[:2]}/{sha256}"

    def where(self, sha256: str) -> str:
        """Return where content with this hash is kept, or would be, in words for people."""
        return str(self.path(sha256))

    def find(self, sha256: str) -> StoredCopy | None:
        """Return what is known of content that is kept; None when it is not."""
        return _stored(self.path(sha256))

    def bring(self, sha256: str) -> Path | None:
        """Have content here, so that it can be opened; None when it is not kept."""
        path = self.path(sha256)
        return path if path.exists() else None

    @contextmanager
    def at_hand(self, sha256: str) -> Iterator[Path | None]:
        """Have content here for the length of a block; None when it is not kept."""
        yield self.bring(sha256)

    def keep(self, path: Path, sha256: str) -> None:
        """Put a copy that is complete into its place; fine when it is there already."""
        if not path.exists():
            return
        place = self.path(sha256)
        try:
            path.replace(place)
        except FileNotFoundError:  # the first whose hash begins like this
            place.parent.mkdir(exist_ok=True)
            path.replace(place)

    @contextmanager
    def receive_file(self, original: Path, *, name: str, max_bytes: int) -> Iterator[Incoming]:
        """Copy a file; see `receive`.

        Raises:
            EmptyFile, TooManyBytes, FileVanished, FileUnreadable, FileChanged: see the classes.
        """
        with self.receive(file_chunks(original, name, max_bytes), name=name, max_bytes=max_bytes) as incoming:
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

    def copies(self) -> Iterator[StoredCopy]:
        """Stream all contents that are kept."""
        for folder in _entries(self._root):
            if folder.is_dir():
                yield from filter(None, (_stored(Path(one.path)) for one in _entries(folder.path)))

    def missing(self, contents: Iterable[str]) -> Iterator[str]:
        """Yield those contents that are not kept.

        Args:
            contents: in ascending order.
        """
        return (sha256 for sha256 in contents if self.find(sha256) is None)

    def incoming(self) -> Iterator[StoredCopy]:
        """Stream the files that are being written, or were when their task was killed."""
        found = (Path(one.path) for one in _entries(self._root) if one.name.startswith(_INCOMING))
        return filter(None, map(_stored, found))

    def drop_incoming(self, file: StoredCopy) -> None:
        """Remove a file that is being written; fine when it is gone."""
        (self._root / file.name).unlink(missing_ok=True)


def _stored(path: Path) -> StoredCopy | None:
    """Return what is known of a file; None where there is none, by now."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return StoredCopy(path.name, state.st_size, state.st_mtime) if stat.S_ISREG(state.st_mode) else None


def _entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """Stream what lies in a folder; nothing when there is none."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from entries


def _write_all(target: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(target, view) :]

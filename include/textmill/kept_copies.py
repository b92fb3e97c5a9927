"""The fetched copies of the whole staging area, to look through them and to clean them up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from textmill.fetching.content_store import ContentStore

_CHUNK_BYTES = 1024**2


@dataclass(frozen=True)
class KeptCopy:
    """A copy.

    Attributes:
        modified: when it was put there, in UTC without a time zone.
    """

    sha256: str
    bytes: int
    modified: datetime


class KeptCopies(Protocol):
    """All copies of the area."""

    def copies(self) -> Iterator[KeptCopy]:
        """Stream all of them."""
        ...

    def find(self, sha256: str) -> KeptCopy | None:
        """Look at one; None when it is not there."""
        ...

    def place(self, sha256: str) -> str:
        """Return where the copy of a content lies, or would lie, for people."""
        ...

    def missing(self, contents: Iterator[str]) -> Iterator[str]:
        """Yield those contents of which there is no copy.

        Args:
            contents: in ascending order.
        """
        ...

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """Yield the bytes of a copy. Raises FileNotFoundError when it is not there."""
        ...

    def remove(self, sha256: str) -> None:
        """Remove one; an absent one is fine."""
        ...

    def torn_files(self) -> Iterator[Path]:
        """Yield copies on the disks of this machine that are being written, or that killed tasks left."""
        ...


class LocalCopies:
    """The copies of an area that is a folder. Satisfies `KeptCopies`."""

    def __init__(self, store: ContentStore) -> None:
        self._store = store

    def copies(self) -> Iterator[KeptCopy]:
        """Stream all, in no order."""
        for path in self._store.copies():
            if (copy := self.find(path.name)) is not None:
                yield copy

    def find(self, sha256: str) -> KeptCopy | None:
        """Look at one."""
        try:
            state = self._store.path(sha256).stat()
        except FileNotFoundError:
            return None
        modified = datetime.fromtimestamp(state.st_mtime, UTC).replace(tzinfo=None)
        return KeptCopy(sha256, state.st_size, modified)

    def place(self, sha256: str) -> str:
        """Return its path."""
        return str(self._store.path(sha256))

    def missing(self, contents: Iterator[str]) -> Iterator[str]:
        """Yield those of which there is no file."""
        return (sha256 for sha256 in contents if not self._store.path(sha256).exists())

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """Read the file."""
        with self._store.path(sha256).open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def remove(self, sha256: str) -> None:
        """Remove the file."""
        self._store.remove(sha256)

    def torn_files(self) -> Iterator[Path]:
        """Yield the files that have no name by their content yet."""
        return self._store.incoming()

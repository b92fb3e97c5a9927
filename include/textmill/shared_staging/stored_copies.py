"""The fetched copies in an object store, to look through them and to clean them up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from textmill.kept_copies import KeptCopy
from textmill.object_folder import ObjectFolder, StoredObject
from textmill.shared_staging.stored_runs import moment_of

_NAME = re.compile(r"([0-9a-f]{2})/(\1[0-9a-f]{62})")


class StoredCopies:
    """The copies below a folder of an object store. Satisfies `textmill.kept_copies.KeptCopies`."""

    def __init__(self, store: ObjectFolder) -> None:
        self._store = store

    def copies(self) -> Iterator[KeptCopy]:
        """Stream all of them, in the order of their hashes; one request for each thousand."""
        for one in self._store.stream():
            if match := _NAME.fullmatch(one.name):
                yield _copy(match[2], one)

    def find(self, sha256: str) -> KeptCopy | None:
        """Look at one."""
        found = self._store.find(_name(sha256))
        return None if found is None else _copy(sha256, found)

    def place(self, sha256: str) -> str:
        """Return its address."""
        return f"{self._store.uri}/{_name(sha256)}"

    def missing(self, contents: Iterator[str]) -> Iterator[str]:
        """Compare with the listing, which is in the same order: asking for each would be a request each."""
        copies = self.copies()
        there = next(copies, None)
        for sha256 in contents:
            while there is not None and there.sha256 < sha256:
                there = next(copies, None)
            if there is None or there.sha256 != sha256:
                yield sha256

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """Read the object."""
        return self._store.chunks(_name(sha256))

    def remove(self, sha256: str) -> None:
        """Remove the object."""
        self._store.remove([_name(sha256)])

    def torn_files(self) -> Iterator[Path]:
        """Nothing: an object is there whole or not at all."""
        return iter(())


def _name(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _copy(sha256: str, found: StoredObject) -> KeptCopy:
    return KeptCopy(sha256, found.bytes, moment_of(found))

"""The content store in an object store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from textmill.fetching.content_store import ContentStore, StoredCopy
from textmill.object_folder import ObjectFolder
from textmill.shared_staging.at_once import at_once
from textmill.shared_staging.stored_runs import modified_seconds

_NAME = re.compile(r"([0-9a-f]{2})/(\1[0-9a-f]{62})")


class SharedContents(ContentStore):
    """Keeps copies in an object store; below `root` are those that this task has fetched or asked for.

    All methods raise StoreUnavailable when the store does not do as it is asked.

    Args:
        store: the folder in which the copies lie, each as `<first two digits>/<SHA-256>`.
    """

    def __init__(self, root: Path, store: ObjectFolder) -> None:
        super().__init__(root)
        self._store = store
        self._sent: set[str] = set()

    def where(self, sha256: str) -> str:
        """Return the address of content with this hash."""
        return f"{self._store.uri}/{_name(sha256)}"

    def find(self, sha256: str) -> StoredCopy | None:
        """Return what the store tells of content; None when it is not kept."""
        found = self._store.find(_name(sha256))
        return None if found is None else StoredCopy(sha256, found.bytes, modified_seconds(found))

    def bring(self, sha256: str) -> Path | None:
        """Have content here; None when it is not kept."""
        path = self.path(sha256)
        if path.exists():
            return path
        if not self._store.fetch(_name(sha256), path):
            return None
        self._sent.add(sha256)
        return path

    def bring_all(self, contents: Iterable[str]) -> None:
        """Have several contents here, as far as they are kept."""
        for _ in at_once(self.bring, dict.fromkeys(contents)):
            pass

    @contextmanager
    def at_hand(self, sha256: str) -> Iterator[Path | None]:
        """Have content here for the length of a block; None when it is not kept."""
        was_here = self.path(sha256).exists()
        try:
            yield self.bring(sha256)
        finally:
            if not was_here:
                self.path(sha256).unlink(missing_ok=True)

    def keep(self, path: Path, sha256: str) -> None:
        """Put a copy that is complete into its place, here and in the store.

        Fetching does so in the transaction that has the medium's row locked, since only then nobody who finds
        the medium settled takes away what was just put here. So the lock lasts as long as sending the copy
        takes: 10 ms for a scan, seconds for 1 GB. Nobody but who claims or loads the very same content waits
        for it, and tries again after that (see `warehouse.connection`). Sending it before the transaction
        would send each file that turns out to be known, too.
        """
        super().keep(path, sha256)
        if sha256 not in self._sent and self.path(sha256).exists():
            self._store.send(self.path(sha256), _name(sha256))
            self._sent.add(sha256)  # the transaction may be tried again

    def copies(self) -> Iterator[StoredCopy]:
        """Stream all contents that are kept, in the order of their hashes; a request for each thousand."""
        for one in self._store.stream():
            if match := _NAME.fullmatch(one.name):
                yield StoredCopy(match[2], one.bytes, modified_seconds(one))

    def missing(self, contents: Iterable[str]) -> Iterator[str]:
        """Compare with the listing, which is in the same order: asking for each would be a request each."""
        copies = self.copies()
        there = next(copies, None)
        for sha256 in contents:
            while there is not None and there.name < sha256:
                there = next(copies, None)
            if there is None or there.name != sha256:
                yield sha256

    def remove(self, sha256: str) -> None:
        """Drop content that is no longer needed; absent content is fine."""
        super().remove(sha256)
        self._sent.discard(sha256)
        self._store.remove([_name(sha256)])


def _name(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"

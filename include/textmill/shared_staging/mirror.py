"""Files of a folder of this machine that are brought out of an object store and sent there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from textmill.object_folder import ObjectFolder
from textmill.shared_staging.at_once import at_once


class _State(NamedTuple):
    """By what a file is told from what it was; whoever writes one by renaming changes at least the first."""

    inode: int
    bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> _State:
        state = path.stat()
        return cls(state.st_ino, state.st_size, state.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class _Change:
    name: str
    state: _State


class Mirror:
    """Brings and sends files by names that are the same here, below `root`, and in the store."""

    def __init__(self, store: ObjectFolder, root: Path) -> None:
        self._store = store
        self._root = root
        self._known: dict[str, _State] = {}

    def bring(self, names: Iterable[str]) -> None:
        """Have files here; those that are here already stay as they are, and absent ones are fine.

        Raises:
            StoreUnavailable: the store does not do as it is asked.
        """
        for name in at_once(self._bring, [one for one in names if not (self._root / one).exists()]):
            if name is not None:
                self._known[name] = _State.of(self._root / name)

    def _bring(self, name: str) -> str | None:
        return name if self._store.fetch(name, self._root / name) else None

    def changed(self, paths: Iterable[Path]) -> list[str]:
        """Return the names of those files that are not in the store as they are here."""
        found = ((path.relative_to(self._root).as_posix(), path) for path in paths)
        return [name for name, path in found if self._known.get(name) != _State.of(path)]

    def send(self, names: Collection[str]) -> None:
        """Send files, in no order.

        Raises:
            StoreUnavailable: the store does not do as it is asked; some of them may be there.
        """
        for sent in at_once(self._send, names):
            self._known[sent.name] = sent.state

    def _send(self, name: str) -> _Change:
        path = self._root / name
        state = _State.of(path)  # before it is read: what is appended meanwhile is sent the next time
        self._store.send(path, name)
        return _Change(name, state)

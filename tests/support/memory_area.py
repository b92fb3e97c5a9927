"""A staging area in an object store that is in memory: as quick as a folder."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

from textmill.object_folder import ObjectFolder
from textmill.settings import Settings
from textmill.shared_staging import SharedStaging


class _ObjectStore(MemoryFileSystem):
    """As object stores are: an object is seen whole, by several readers at once, and no folder is empty."""

    @property
    def pseudo_dirs(self) -> list[str]:  # type: ignore[override]
        return [""]

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        path = self._strip_protocol(path)
        if mode == "wb":
            return _Upload(self, path)
        try:
            return BytesIO(self.store[path].getvalue())
        except KeyError:
            raise FileNotFoundError(path) from None

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        path = self._strip_protocol(path)
        self.store[path] = MemoryFile(self, path, value)


class _Upload(BytesIO):
    def __init__(self, filesystem: _ObjectStore, path: str) -> None:
        super().__init__()
        self._filesystem = filesystem
        self._path = path

    def close(self) -> None:
        if not self.closed:
            self._filesystem.pipe_file(self._path, self.getvalue())
        super().close()


class MemoryArea:
    """The area `memory://<bucket>/area`. It can be put back as it was.

    Args:
        bucket: all such file systems of a process are one; so areas have buckets of their own.
    """

    def __init__(self, bucket: str) -> None:
        self.filesystem = _ObjectStore()
        self.store = ObjectFolder(self.filesystem, f"memory://{bucket}/area")
        self._start = f"/{bucket}/"
        self._kept: dict[str, tuple[bytes, datetime]] = {}

    def open(self, settings: Settings) -> SharedStaging:
        """Return the way to the area."""
        return SharedStaging(self.store, settings)

    def take(self) -> None:
        """Keep everything as it is now."""
        self._kept = {path: (file.getvalue(), file.created) for path, file in self._objects()}

    def restore(self) -> None:
        """Put everything back."""
        for path, _ in self._objects():
            self.filesystem.rm_file(path)
        for path, (content, created) in self._kept.items():
            self.filesystem.pipe_file(path, content)
            self.filesystem.store[path].created = created

    def names(self, below: str = "") -> list[str]:
        """Return the names of all objects that begin so."""
        return [one.name for one in self.store.objects() if one.name.startswith(below)]

    def date(self, below: str, moment: datetime) -> None:
        """Let what begins so be written at a moment (in UTC without a time zone)."""
        for name in self.names(below):
            path = f"{self._start}area/{name}"
            self.filesystem.store[path].created = moment.replace(tzinfo=UTC)

    def _objects(self) -> list[tuple[str, Any]]:
        return [item for item in self.filesystem.store.items() if item[0].startswith(self._start)]

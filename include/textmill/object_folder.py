"""A folder of an object store: what lies below an address, by names relative to it."""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.errors import StoreUnavailable
from textmill.object_answers import Trouble, facts_of, kind_of, trouble_of
from textmill.object_pages import pages_of
from textmill.object_removal import remove_objects
from textmill.object_uris import ObjectUri

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_LITTLE_MEMORY_S3 = {"chunksize": 16 * 1024 * 1024, "max_concurrency": 1}
"""s3fs would have ten pieces of 50 MiB of each large file in memory."""

_LIBRARIES = ("botocore", "aiobotocore", "azure", "gcsfs", "aiohttp")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing tells of it.

    Attributes:
        name: relative to the folder that was listed, with `/` between its parts.
        modified_ns: nanoseconds since 1970; None where the store does not say.
    """

    name: str
    bytes: int
    modified_ns: int | None


class ObjectFolder:
    """What lies below an address. Safe in several threads at once, as fsspec's file systems are.

    Whatever its methods are refused by the store, they raise StoreUnavailable for.
    """

    def __init__(self, filesystem: AbstractFileSystem, uri: str) -> None:
        self._filesystem = filesystem
        parsed = ObjectUri.parse(uri)
        self._address = ObjectUri(parsed.scheme, parsed.authority, parsed.key.strip("/"))
        self._little_memory = _LITTLE_MEMORY_S3 if "s3" in filesystem.protocol else {}

    @property
    def uri(self) -> str:
        """The address of the folder, without a slash at its end."""
        return str(self._address).rstrip("/")

    def below(self, name: str) -> ObjectFolder:
        """Return the folder of this name in this one."""
        key = f"{self._address.key}/{name}".strip("/")
        address = ObjectUri(self._address.scheme, self._address.authority, key)
        return ObjectFolder(self._filesystem, str(address))

    def name_of(self, uri: str) -> str:
        """Return the name of what lies below this folder at an address.

        Raises:
            ValueError: it lies elsewhere.
        """
        parsed = ObjectUri.parse(uri)
        start = f"{self._address.key}/" if self._address.key else ""
        if (parsed.scheme, parsed.authority) != (self._address.scheme, self._address.authority) or (
            not parsed.key.startswith(start)
        ):
            raise ValueError(f"{uri} does not lie below {self.uri}.")
        return parsed.key[len(start) :]

    def objects(self) -> list[StoredObject]:
        """Return all objects below, in the order of their names; nothing where there are none."""
        with self._in_words():
            try:
                found = self._filesystem.find(self._address.path, detail=True)
            except FileNotFoundError:
                return []
        start = len(self._address.path) + 1
        listed = []
        for path, info in sorted(found.items()):
            facts = facts_of(info)
            listed.append(StoredObject(str(path).lstrip("/")[start:], facts.bytes, facts.modified_ns))
        return listed

    def stream(self) -> Iterator[StoredObject]:
        """Yield all objects below, in the order of their names; holds a page of the listing at a time.

        Of stores of which the listing is not known page by page it holds all.
        """
        pages = pages_of(self._filesystem)
        if pages is None:
            yield from self.objects()
            return
        prefix = f"{self._address.key}/" if self._address.key else ""
        with self._in_words():
            for page in pages(self._filesystem, self._address.bucket, prefix):
                for key, facts in page:
                    yield StoredObject(key[len(prefix) :], facts.bytes, facts.modified_ns)

    def find(self, name: str) -> StoredObject | None:
        """Return what the store says of an object; None when it is not there."""
        with self._in_words():
            try:
                info = self._filesystem.info(self._path(name))
            except FileNotFoundError:
                return None
        if info["type"] == "directory":
            return None
        facts = facts_of(info)
        return StoredObject(name, facts.bytes, facts.modified_ns)

    def folders(self) -> list[str]:
        """Return the names of the folders directly below, in order."""
        return sorted(_last(one["name"]) for one in self._entries() if one["type"] == "directory")

    def files(self) -> list[StoredObject]:
        """Return the objects directly below."""
        listed = []
        for one in self._entries():
            facts = facts_of(one)
            if one["type"] != "directory":
                listed.append(StoredObject(_last(one["name"]), facts.bytes, facts.modified_ns))
        return listed

    def _entries(self) -> list[dict[str, Any]]:
        with self._in_words():
            try:
                entries: list[dict[str, Any]] = self._filesystem.ls(self._address.path, detail=True)
            except FileNotFoundError:
                return []
            return entries

    def read(self, name: str) -> bytes | None:
        """Return the content of an object; None when it is not there."""
        with self._in_words():
            try:
                content: bytes = self._filesystem.cat_file(self._path(name))
            except FileNotFoundError:
                return None
            return content

    def write(self, name: str, content: bytes) -> None:
        """Write an object; readers see all of it, or what was there before."""
        with self._in_words():
            self._filesystem.pipe_file(self._path(name), content)

    def fetch(self, name: str, path: Path) -> bool:
        """Write an object to a file, whole or not at all; False when it is not there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".part")
        try:
            with self._in_words():
                try:
                    self._filesystem.get_file(self._path(name), str(partial), **self._little_memory)
                except FileNotFoundError:
                    return False
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return True

    def send(self, path: Path, name: str) -> None:
        """Write a file to an object; readers see all of it, or what was there before."""
        with self._in_words():
            self._filesystem.put_file(str(path), self._path(name), **self._little_memory)

    def remove(self, names: Collection[str]) -> None:
        """Remove objects, in this order; absent ones are fine."""
        with self._in_words():
            remove_objects(self._filesystem, [self._path(name) for name in names])

    def remove_all(self) -> None:
        """Remove all that lies below; nothing is fine."""
        self.remove([one.name for one in self.objects()])

    def _path(self, name: str) -> str:
        return f"{self._address.path}/{name}"

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Say in words what a store refuses; its own words may hold secrets."""
        try:
            yield
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise  # the disk of this machine
            of_library = type(error).__module__.partition(".")[0] in _LIBRARIES
            if not of_library and not isinstance(error, OSError):
                raise
            why = {
                Trouble.GONE: "there is no such bucket, or something was removed meanwhile",
                Trouble.DENIED: "access was denied; its connection must be allowed to list, read, write and "
                "delete",
                Trouble.CHANGED: "it was changed meanwhile",
                Trouble.AWAY: "the store does not answer as it should",
            }[trouble_of(error)]
            raise StoreUnavailable(f"{self.uri} cannot be used: {why} ({kind_of(error)}).") from None


def _last(name: Any) -> str:
    return str(name).rstrip("/").rpartition("/")[2]

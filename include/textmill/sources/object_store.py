"""The objects below a prefix of an object store as a source."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from textmill.errors import SourceError
from textmill.object_answers import ObjectFacts, Trouble, facts_of, kind_of, trouble_of
from textmill.object_pages import Pager, pages_of, walk
from textmill.object_uris import ObjectUri
from textmill.records import MediaRef, SourceSpec
from textmill.sources.globs import GlobFilter

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

LOG = logging.getLogger(__name__)


class ObjectStoreListing:
    """One walk through the objects below a location, see `Listing`.

    Left out are hidden objects (a name on the way to them, below the location, begins with a dot), ground
    truth (`NAME.gt.txt`), folder markers (keys that end with `/`), what the globs do not take, and objects
    that were modified less than `stable_seconds` ago, which wait for the next run. An object without bytes is
    a medium.

    A location that is an object is a source of this one object, whatever its name and age; with a `/` at its
    end it is always a prefix. A prefix that holds nothing is empty, not missing: stores know no folders.

    Args:
        stable_seconds: unless the source says something else.

    Attributes:
        unlisted: prefixes of which the listing broke off, or folders that could not be listed.
        settling: objects that are there and wait. Whoever iterates may empty it at any time.

    Raises:
        SourceError: the location names no bucket, or a glob is none; while iterating: it cannot be listed.
    """

    def __init__(self, filesystem: AbstractFileSystem, spec: SourceSpec, *, stable_seconds: float) -> None:
        self._filesystem = filesystem
        self._spec = spec
        self._stable_seconds = stable_seconds if spec.stable_seconds is None else spec.stable_seconds
        self._root = ObjectUri.parse(spec.location)
        if not self._root.bucket:
            raise SourceError(f"{spec.location} names no bucket: write {self._root.scheme}://BUCKET/PREFIX.")
        self._filter = GlobFilter(spec.include, spec.exclude)
        key = self._root.key
        self._below = key if key.endswith("/") or not key else f"{key}/"
        self.unlisted: list[str] = []
        self.settling: list[str] = []

    @property
    def prefix(self) -> str:
        """With what the URIs of the source begin."""
        return str(self._root)

    def covers(self, uri: str) -> bool:
        """Whether `uri` is the location, or lies below it and is taken."""
        there = ObjectUri.parse(uri)
        if (there.scheme, there.authority) != (self._root.scheme, self._root.authority):
            return False
        return there.key == self._root.key or (
            there.key.startswith(self._below) and self._takes(there.key.removeprefix(self._below))
        )

    def __iter__(self) -> Iterator[MediaRef]:
        """Stream the references: by key, or folder by folder where the store cannot list otherwise."""
        single = self._single_object()
        if single is not None:
            yield self._reference(self._root.key, single)
            return
        pager = pages_of(self._filesystem)
        objects = self._flat(pager) if pager else self._walk()
        for key, facts in objects:
            if not self._takes(key.removeprefix(self._below)):
                continue
            if self._is_settling(facts):
                self.settling.append(self._uri(key))
            else:
                yield self._reference(key, facts)

    def _single_object(self) -> ObjectFacts | None:
        if not self._root.key or self._root.key.endswith("/"):
            return None
        try:
            info = self._filesystem.info(self._root.path)
        except Exception as error:  # of many libraries
            if trouble_of(error) in (Trouble.GONE, Trouble.DENIED):
                # Nothing there, or a right to list what is below the prefix alone: listing it tells.
                return None
            raise self._cannot_list(error) from None
        return facts_of(info) if info["type"] == "file" else None

    def _flat(self, pager: Pager) -> Iterator[tuple[str, ObjectFacts]]:
        pages = pager(self._filesystem, self._root.bucket, self._below)
        is_first = True
        while True:
            try:
                page = next(pages, None)
            except Exception as error:  # of many libraries
                if is_first:
                    raise self._cannot_list(error) from None
                LOG.warning("The listing of %s broke off (%s); the rest waits", self.prefix, kind_of(error))
                self.unlisted.append(self.prefix)
                return
            if page is None:
                return
            is_first = False
            yield from page

    def _walk(self) -> Iterator[tuple[str, ObjectFacts]]:
        entries = walk(self._filesystem, self._root.bucket, self._below, self._may_hold)
        while True:
            try:
                key, facts = next(entries, (None, None))
            except Exception as error:  # of many libraries, and only for the root
                raise self._cannot_list(error) from None
            if key is None:
                return
            if facts is None:
                self.unlisted.append(self._uri(key))
            else:
                yield key, facts

    def _may_hold(self, folder: str) -> bool:
        path = folder.removeprefix(self._below)
        return not _is_hidden(path) and self._filter.may_hold(path)

    def _takes(self, path: str) -> bool:
        """Whether an object is a medium; `path` is its key below the location."""
        if not path or path.endswith(("/", ".gt.txt")) or _is_hidden(path):
            return False
        return self._filter.takes(path)

    def _is_settling(self, facts: ObjectFacts) -> bool:
        if facts.modified_ns is None:
            return False
        # A time in the future is a wrong clock's, not that of an object being written.
        return 0 <= time.time() - facts.modified_ns / 1e9 < self._stable_seconds

    def _reference(self, key: str, facts: ObjectFacts) -> MediaRef:
        return MediaRef(
            uri=self._uri(key),
            source=self._spec.name,
            bytes=facts.bytes,
            modified_ns=facts.modified_ns,
            etag=facts.etag,
        )

    def _uri(self, key: str) -> str:
        return str(ObjectUri(self._root.scheme, self._root.authority, key))

    def _cannot_list(self, error: Exception) -> SourceError:
        """Return the sentence. It is raised without its cause, whose text may hold what must not be shown."""
        connection = f"the connection {self._spec.connection}" if self._spec.connection else "no connection"
        match trouble_of(error):
            case Trouble.GONE:
                why = (
                    f"there is no bucket {self._root.bucket}. Check the address, and where {connection} leads"
                )
            case Trouble.DENIED:
                why = f"access was denied. With {connection}, one may not list the bucket"
            case _:
                why = f"the store does not answer as it should. Check where {connection} leads"
        return SourceError(f"{self._spec.location} cannot be listed: {why} ({kind_of(error)}).")


def _is_hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path

"""A folder on the local file system as a source."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes

from textmill.errors import SourceError, StagingError
from textmill.records import MediaRef, SourceSpec
from textmill.sources.globs import GlobFilter
from textmill.staging import path_of

LOG = logging.getLogger(__name__)

_GROUND_TRUTH = ".gt.txt"


def open_folder(location: str) -> Path:
    """Return the folder (or single file) that a path or `file:` URI names.

    Raises:
        SourceError: when it is not there or may not be read; the sentence says which.
    """
    try:
        path = path_of(location).expanduser().absolute()
    except StagingError:
        raise SourceError(f"{location} is no folder of this machine.") from None
    if not path.exists():
        raise SourceError(f"The source {path} does not exist. Give a folder that this machine can see.")
    if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        raise SourceError(f"The source {path} may not be read by the account that runs Airflow.")
    return path


class FolderListing:
    """The files below a folder, or one file. Satisfies `textmill.sources.listing.Listing`.

    They come in the order of their names, those of a folder before those of its folders; one folder's names
    are held at a time. Hidden files and folders, ground-truth files (`NAME.gt.txt` beside a medium), and
    symbolic links are left out: a link may lead out of the folder or in circles, and what it leads to within
    the folder is found there. Files modified less than `stable_seconds` ago may still be being written and
    wait for the next run. What cannot be listed is logged and left out.

    Args:
        stable_seconds: unless the source says something else.

    Attributes:
        unlisted: folders and files that could not be looked at.
        settling: files that are there and wait. Whoever iterates may empty it at any time.

    Raises:
        SourceError: see `open_folder`.
    """

    def __init__(self, spec: SourceSpec, *, stable_seconds: float) -> None:
        self._root = open_folder(spec.location)
        self._source = spec.name
        self._globs = GlobFilter(spec.include, spec.exclude)
        self._chosen = bool(spec.include or spec.exclude)
        self._stable_seconds = stable_seconds if spec.stable_seconds is None else spec.stable_seconds
        self._is_file = self._root.is_file()
        uri = self._root.as_uri()
        self.prefix = uri if self._is_file or uri.endswith("/") else f"{uri}/"
        self.unlisted: list[str] = []
        self.settling: list[str] = []

    def covers(self, uri: str) -> bool:
        """Whether the stream would have named `uri` if it were there."""
        if self._is_file:
            return uri == self.prefix
        if not uri.startswith(self.prefix):
            return False
        below = str(path_of(uri).relative_to(self._root))
        if any(name.startswith(".") for name in below.split("/")) or below.endswith(_GROUND_TRUTH):
            return False
        return self._globs.takes(below)

    def __iter__(self) -> Iterator[MediaRef]:
        """Stream the references."""
        if self._is_file:
            # Somebody named it: it is not asked whether it is a link, or finished.
            yield self._describe(self._root.stat(), self.prefix)
            return
        # Paths below the root, with a slash behind them; the next one is the last.
        waiting = [""]
        while waiting:
            below = waiting.pop()
            files, folders = self._list(below)
            yield from self._references(below, files)
            waiting += [f"{below}{name}/" for name in reversed(folders) if self._may_hold(f"{below}{name}")]

    def _may_hold(self, below: str) -> bool:
        return not self._chosen or self._globs.may_hold(below)

    def _list(self, below: str) -> tuple[list[str], list[str]]:
        """Return the names of the files and folders in a folder, sorted.

        Names, not directory entries: those of a million files would take half a gigabyte.
        """
        files, folders = [], []
        try:
            with os.scandir(self._path(below)) as listing:
                for entry in listing:
                    name = entry.name
                    if name.startswith("."):
                        continue
                    if entry.is_file(follow_symlinks=False):
                        files.append(name)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(name)
        except OSError as error:
            LOG.warning("%s is left out: %s", self._path(below).rstrip("/"), error.strerror)
            self.unlisted.append(self._uri(below).rstrip("/"))
            return [], []
        files.sort()
        folders.sort()
        return files, folders

    def _references(self, below: str, names: list[str]) -> Iterator[MediaRef]:
        folder_path, folder_uri = self._path(below), self._uri(below)
        for name in names:
            if name.endswith(_GROUND_TRUTH) or (self._chosen and not self._globs.takes(below + name)):
                continue
            uri = folder_uri + quote_from_bytes(os.fsencode(name))
            ref = self._reference(f"{folder_path}{name}", uri)
            if ref is not None:
                yield ref

    def _reference(self, path: str, uri: str) -> MediaRef | None:
        """Return the reference to a file; None for what waits, or is no file any more."""
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            LOG.warning("%s is left out: %s", path, error.strerror)
            self.unlisted.append(uri)
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        # A time in the future is a wrong clock's, not that of a file being written.
        if 0 <= time.time() - status.st_mtime < self._stable_seconds:
            LOG.info("%s was modified just now and waits for the next run", path)
            self.settling.append(uri)
            return None
        return self._describe(status, uri)

    def _describe(self, status: os.stat_result, uri: str) -> MediaRef:
        return MediaRef(uri=uri, source=self._source, bytes=status.st_size, modified_ns=status.st_mtime_ns)

    def _path(self, below: str) -> str:
        return f"{str(self._root).rstrip('/')}/{below}"

    def _uri(self, below: str) -> str:
        return self.prefix + quote_from_bytes(os.fsencode(below))

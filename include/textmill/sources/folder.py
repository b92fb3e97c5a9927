"""A folder on the local file system as a source."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from textmill.errors import SourceError, StagingError
from textmill.records import MediaRef
from textmill.staging import path_of

LOG = logging.getLogger(__name__)


def open_folder(location: str) -> Path:
    """Return the folder (or single file) that a path or `file:` URI names.

    Raises:
        SourceError: when it is not there or may not be read; the sentence says which.
    """
    try:
        path = path_of(location).expanduser().absolute()
    except StagingError:
        raise SourceError(
            f"{location} is no folder of this machine; other sources are not read yet."
        ) from None
    if not path.exists():
        raise SourceError(f"The source {path} does not exist. Give a folder that this machine can see.")
    if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        raise SourceError(f"The source {path} may not be read by the account that runs Airflow.")
    return path


def stream_folder(location: str, *, stable_seconds: float) -> Iterator[MediaRef]:
    """Stream the files below a folder, in the order of their names, one folder's listing at a time.

    Hidden files and folders, ground-truth files (`NAME.gt.txt` beside a medium), and symbolic links are left
    out: a link may lead out of the folder or in circles. Files modified less than `stable_seconds` ago may
    still be being written and are left for the next run. What cannot be listed is logged and left out.

    Args:
        location: an absolute path or `file:` URI of a folder, or of one file.
    """
    root = open_folder(location)
    source = root.as_uri()
    if root.is_file():
        yield _reference(root, root.stat(), source)
        return
    waiting = [root]
    while waiting:
        folders = []
        for entry in _list(waiting.pop()):
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            elif (status := _status(entry)) and not _is_settling(status, stable_seconds):
                yield _reference(Path(entry.path), status, source)
        waiting += reversed(folders)


def _list(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        LOG.warning("%s is left out: %s", folder, error.strerror)
        return []
    return [entry for entry in entries if not entry.name.startswith(".") and not entry.is_symlink()]


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """Return a medium's size and times; None for what is no medium or went away meanwhile."""
    if entry.name.endswith(".gt.txt"):
        return None
    try:
        return entry.stat(follow_symlinks=False) if entry.is_file(follow_symlinks=False) else None
    except OSError as error:
        LOG.warning("%s is left out: %s", entry.path, error.strerror)
        return None


def _is_settling(status: os.stat_result, stable_seconds: float) -> bool:
    # A time in the future is a wrong clock's, not that of a file being written.
    age = time.time() - status.st_mtime
    if 0 <= age < stable_seconds:
        LOG.info("A file modified %.1f s ago waits for the next run", age)
        return True
    return False


def _reference(path: Path, status: os.stat_result, source: str) -> MediaRef:
    return MediaRef(uri=path.as_uri(), source=source, bytes=status.st_size, modified_ns=status.st_mtime_ns)

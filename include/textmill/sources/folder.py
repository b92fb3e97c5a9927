"""A folder on the local file system as a source."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from textmill.errors import SourceError
from textmill.records import MediaRef
from textmill.staging import path_of


def open_folder(location: str) -> Path:
    """Return the folder (or single file) that a path or `file:` URI names.

    Raises:
        SourceError: when it is not there or may not be read; the sentence says which.
    """
    path = path_of(location).expanduser().absolute()
    if not path.exists():
        raise SourceError(f"The source {path} does not exist. Give a folder that this machine can see.")
    if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        raise SourceError(f"The source {path} may not be read by the account that runs Airflow.")
    return path


def stream_folder(location: str, *, stable_seconds: float) -> Iterator[MediaRef]:
    """Stream the files below a folder, in the order of their names, one folder's listing at a time.

    Hidden files and folders, ground-truth files (`NAME.gt.txt` beside a medium), and symbolic links are left
    out: a link may lead out of the folder or in circles. Files modified less than `stable_seconds` ago may
    still be being written and are left for the next run.

    Args:
        location: an absolute path or `file:` URI of a folder, or of one file.
    """
    root = open_folder(location)
    source = root.as_uri()
    newest = time.time_ns() - int(stable_seconds * 1e9)
    if root.is_file():
        yield _reference(root, root.stat(), source)
        return
    yield from _walk(root, source, newest)


def _walk(folder: Path, source: str, newest_ns: int) -> Iterator[MediaRef]:
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, source, newest_ns)
        elif entry.is_file(follow_symlinks=False) and not entry.name.endswith(".gt.txt"):
            status = entry.stat(follow_symlinks=False)
            if status.st_mtime_ns <= newest_ns:
                yield _reference(path, status, source)


def _reference(path: Path, status: os.stat_result, source: str) -> MediaRef:
    return MediaRef(uri=path.as_uri(), source=source, bytes=status.st_size, modified_ns=status.st_mtime_ns)

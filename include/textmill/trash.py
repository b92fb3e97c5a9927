"""Removing whole folders so that nobody ever takes half of one for the whole."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from textmill.errors import TextmillError

_LEFT_BEHIND_SECONDS = 86_400
"""No process that makes a folder for itself alone lives for so long."""


class Trash:
    """A folder into which others are renamed before they are removed, on the same file system.

    What a killed process left in it is removed by the next one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, folder: Path) -> None:
        """Take a folder out of its place at once; `empty` then removes it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        folder.rename(self._folder / f"{folder.name}.{uuid4().hex}")

    def empty(self) -> None:
        """Remove all that was taken.

        Raises:
            TextmillError: something cannot be removed.
        """
        if not self._folder.exists():
            return
        for folder in self._folder.iterdir():
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                raise TextmillError(
                    f"{folder} cannot be removed: check that the account that runs Airflow owns all in it."
                )
        with suppress(OSError):  # another process takes something at this moment
            self._folder.rmdir()


def size_of(folder: Path) -> int:
    """Return the bytes of the files in a folder; what goes meanwhile counts nothing."""
    size = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            size += path.stat().st_size if path.is_file() else 0
    return size


def remove_left_behind(folder: Path, pattern: str = "*") -> None:
    """Remove folders in a folder that killed processes left there a day ago or more."""
    for one in folder.glob(pattern):
        with suppress(FileNotFoundError):  # whoever made it has just ended
            if one.stat().st_mtime < time.time() - _LEFT_BEHIND_SECONDS:
                shutil.rmtree(one, ignore_errors=True)

"""Watch a folder for files that have come to rest: what lies there, and when to say so.

`survey` looks at the folder once; `InboxWatch` compares one look with the next. Neither waits, and no file is
opened.
"""

from __future__ import annotations

import os
import time
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from textmill.errors import SourceError


@dataclass(frozen=True)
class Survey:
    """The files of a folder at one moment, as one number of 64 bits per name, size and time of change.

    Numbers instead of names keep what is known of a million files at 8 MB. Two states of a file that share a
    number (one in 10^19 pairs) are taken for the same.

    Attributes:
        files: sorted.
        settling: those of them that may still be being written.
    """

    files: array[int]
    settling: frozenset[int]


def survey(folder: Path, *, stable_seconds: float) -> Survey:
    """Look at a folder and the folders in it, as an ingest will.

    What is hidden, ground-truth files (`NAME.gt.txt`) and symbolic links are left out.

    Args:
        stable_seconds: a file modified less than this ago is settling.

    Raises:
        SourceError: the folder itself cannot be listed. Folders in it that cannot are left out.
    """
    files, settling = array("Q"), set()
    now = time.time()
    for path, status in _walk(folder):
        number = _number(path, status)
        files.append(number)
        # A time in the future is a wrong clock's, not that of a file being written.
        if 0 <= now - status.st_mtime < stable_seconds:
            settling.add(number)
    return Survey(array("Q", sorted(files)), frozenset(settling))


class InboxWatch:
    """Decides, look by look, when there is something to announce: once per burst of files.

    What lay there before the first look counts as new: nobody knows whether it was announced, and a run that
    finds nothing new costs little.

    Args:
        quiet_seconds: a burst is over when nothing has changed for so long.
        patience_seconds: what has settled is announced after so long even if others keep coming.
    """

    def __init__(self, *, quiet_seconds: float, patience_seconds: float = 300.0) -> None:
        self._quiet_seconds = quiet_seconds
        self._patience_seconds = patience_seconds
        self._announced = array("Q")
        self._last = array("Q")
        self._changed_at = 0.0
        self._news_since: float | None = None

    def take(self, found: Survey, now: float) -> int:
        """Compare a look with the one before; returns how many new or changed files to announce, mostly none.

        Args:
            now: seconds of a clock that is never set.
        """
        if found.files != self._last:
            self._last, self._changed_at = found.files, now
        news = 0 if found.files == self._announced else self._count_news(found)
        if not news:
            if not found.settling:
                self._announced = found.files  # forgets what was taken away
                self._news_since = None
            return 0
        if self._news_since is None:
            self._news_since = now
        is_quiet = now - self._changed_at >= self._quiet_seconds
        if not is_quiet and now - self._news_since < self._patience_seconds:
            return 0
        self._news_since = None
        self._announced = array("Q", (number for number in found.files if number not in found.settling))
        return news

    def _count_news(self, found: Survey) -> int:
        return sum(
            number not in found.settling and not _contains(self._announced, number) for number in found.files
        )


def _walk(root: Path) -> Iterator[tuple[bytes, os.stat_result]]:
    """Stream the files; only the names of folders that wait are kept."""
    top = os.fsencode(root)
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if _is_left_out(entry):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif status := _status(entry):
                        yield entry.path, status
        except OSError as error:
            if folder is top:
                raise SourceError(
                    f"The inbox {root} (TEXTMILL_INBOX) cannot be listed: {error.strerror}. "
                    f"It is tried again until it can."
                ) from None
            # It went away meanwhile, or may not be listed: the ingest says so.


def _is_left_out(entry: os.DirEntry[bytes]) -> bool:
    return entry.name.startswith(b".") or entry.name.endswith(b".gt.txt") or entry.is_symlink()


def _status(entry: os.DirEntry[bytes]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False) if entry.is_file(follow_symlinks=False) else None
    except OSError:
        return None


def _number(path: bytes, status: os.stat_result) -> int:
    state = b"%b\0%d\0%d" % (path, status.st_size, status.st_mtime_ns)
    return int.from_bytes(blake2b(state, digest_size=8).digest(), "big")


def _contains(numbers: array[int], number: int) -> bool:
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number

"""The checkpoint of a batch in an object store, which can append to nothing: in parts.

Each attempt to read the batch is a *session* with a number and a random suffix, so that two never write under
one name. A session holds all that there is: its first object is what the attempt began with, and what is
appended follows. A reader takes the newest session and nothing else, so an attempt that is given up but still
writes somewhere can neither mix its lines into those of its successor nor take anything from them.

An object is named by its session, its generation (a checkpoint that is started anew is another one) and by
the last byte, exclusive, of the piece of the checkpoint that it holds:
`000002-9f3c…/0000/000000004096-000000008192`. It is never written with other content. Pieces may overlap, as
they are of one sequence of bytes; a reader takes as few as lead furthest. So one large object takes the place
of many small ones, and a write that failed, or seemed to, may be tried again with what has come since.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from textmill.errors import StagingError, StoreUnavailable
from textmill.object_folder import ObjectFolder

LOG = logging.getLogger(__name__)

_READ_AT_ONCE = 8
_MOST_PARTS = 100
"""So many objects follow each other before one takes their place: reading a checkpoint never takes more."""
_FEW_PARTS = 8
"""A checkpoint that is finished is read by several tasks to come: no more objects than this are left."""
_LAST_TRIES = 3
_LAST_PAUSE_SECONDS = 2.0


@dataclass(frozen=True, order=True)
class _Part:
    """An object with a piece of a checkpoint; `start` and `end` are bytes, the end exclusive."""

    session: str
    generation: int
    start: int
    end: int

    @property
    def name(self) -> str:
        return f"{self.session}/{self.generation:04d}/{self.start:012d}-{self.end:012d}"

    @classmethod
    def named(cls, name: str) -> _Part | None:
        """Return what a name says; None for a name that is none of ours."""
        with suppress(ValueError):
            session, generation, span = name.split("/")
            start, end = span.split("-")
            part = cls(session, int(generation), int(start), int(end))
            if part.name == name and _number(session) > 0:
                return part
        return None


def bring_checkpoint(parts: ObjectFolder, path: Path) -> None:
    """Write the checkpoint to a file as far as other machines told; no file when nothing was told.

    Raises:
        StoreUnavailable: the store does not answer, or the batch is being removed.
    """
    chain = _chain(_listed(parts))
    if not chain:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as file, ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        for part, content in zip(chain, pool.map(lambda part: _content(parts, part), chain), strict=True):
            file.write(content[file.tell() - part.start :])
    partial.replace(path)


class CheckpointSession:
    """An attempt to read a batch, as other machines hear of it.

    Whole lines only are sent, and a checkpoint that is started anew (its first line tells of another way of
    reading) is sent anew.

    Args:
        parts: where the parts of this checkpoint lie.
        path: the file, as `bring_checkpoint` left it; another process appends to it, or starts it anew.

    Attributes:
        in_parts: of how many objects a reader has to put together what was sent.
    """

    def __init__(self, parts: ObjectFolder, path: Path) -> None:
        self._parts = parts
        self._path = path
        self._name = ""
        self._generation = 0
        self._first_line = b""
        self._sent = 0
        self.in_parts = 0

    def begin(self) -> None:
        """From now on readers take this session, and what it begins with.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        number = max((_number(part.session) for part in _listed(self._parts)), default=0) + 1
        self._name = f"{number:06d}-{secrets.token_hex(8)}"
        if not self.send(whole=True):
            self._write(0, b"")

    def send(self, *, whole: bool = False) -> bool:
        """Send the lines that were appended since, or the whole checkpoint; returns whether there were any.

        Raises:
            StoreUnavailable: the store does not answer; nothing is lost by that, and the next call sends it.
        """
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return False
        # What is started anew is another file: the one that is open stays as it is.
        with file:
            self._notice_another(file.readline(), os.fstat(file.fileno()).st_size)
            start = 0 if whole else self._sent
            file.seek(start)
            content = file.read()
        content = content[: content.rfind(b"\n") + 1]
        if content:
            self._write(start, content)
        return bool(content)

    def _notice_another(self, first_line: bytes, size: int) -> None:
        """Begin a generation when the file is not the one that was sent: its first line is another."""
        if self._first_line and (first_line != self._first_line or size < self._sent):
            self._generation += 1
            self._sent = self.in_parts = 0
            self._first_line = b""
        if first_line.endswith(b"\n"):
            self._first_line = first_line

    def _write(self, start: int, content: bytes) -> None:
        end = start + len(content)
        self._parts.write(_Part(self._name, self._generation, start, end).name, content)
        self._sent = end
        self.in_parts = 1 if start == 0 else self.in_parts + 1


class PublishedCheckpoint:
    """Sends what is appended to a checkpoint. Satisfies `textmill.staging.CheckpointPublisher`.

    While the store is away, reading goes on.

    Args:
        parts: see `CheckpointSession`, as `path`.
        seconds: longest time for which a line is only here.
    """

    def __init__(self, parts: ObjectFolder, path: Path, seconds: float) -> None:
        self._session = CheckpointSession(parts, path)
        self._seconds = seconds
        self._noted = threading.Event()
        self._leaving = threading.Event()
        self._is_away = False
        self._thread = threading.Thread(target=self._send_now_and_then, daemon=True, name="checkpoint")

    def __enter__(self) -> PublishedCheckpoint:
        """Begin a session.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        self._session.begin()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what is left; raises StoreUnavailable if that cannot be done and nothing worse happened."""
        self._leaving.set()
        self._noted.set()
        self._thread.join()
        try:
            self._send_last()
        except StoreUnavailable as refused:
            if error is None:
                raise
            LOG.warning("What was read last is known to this machine only, and is read again: %s", refused)

    def note_progress(self) -> None:
        """Take note that something was appended."""
        self._noted.set()

    def _send_now_and_then(self) -> None:
        """Send soon after progress was noted, and now and then what nobody speaks of (begun pages)."""
        while True:
            self._noted.wait(self._seconds)
            self._noted.clear()
            if self._leaving.is_set():
                return
            try:
                self._session.send(whole=self._session.in_parts >= _MOST_PARTS)
                self._note_answer()
            except Exception as error:  # whatever it is, reading goes on; at the end it is raised
                self._note_silence(error)
            self._leaving.wait(self._seconds)

    def _send_last(self) -> None:
        for tries_left in reversed(range(_LAST_TRIES)):
            try:
                self._session.send()
                break
            except StoreUnavailable:
                if not tries_left:
                    raise
                time.sleep(_LAST_PAUSE_SECONDS)
        if self._session.in_parts > _FEW_PARTS:
            try:
                self._session.send(whole=True)
            except StoreUnavailable as error:
                LOG.info("The checkpoint stays in %d parts: %s", self._session.in_parts, error)

    def _note_answer(self) -> None:
        if self._is_away:
            self._is_away = False
            LOG.info("The store is back; finished pages are known to other machines again.")

    def _note_silence(self, error: Exception) -> None:
        if not self._is_away:
            self._is_away = True
            LOG.warning("Finished pages are known to this machine only, until the store is back: %s", error)


def _number(session: str) -> int:
    """Return the number of a session.

    Raises:
        ValueError: this is no session's name.
    """
    return int(session.partition("-")[0])


def _listed(parts: ObjectFolder) -> list[_Part]:
    """Return the parts of all sessions."""
    return [part for one in parts.objects() if (part := _Part.named(one.name)) is not None]


def _chain(parts: Iterable[_Part]) -> list[_Part]:
    """Return the parts that make the checkpoint, in order: of the newest session its newest generation.

    What lies behind a gap does not count. Of all ways to cover the bytes this one has the fewest parts: at
    each byte the part that leads furthest (interval covering).
    """
    parts = list(parts)
    if not parts:
        return []
    session = max((part.session for part in parts), key=lambda name: (_number(name), name))
    ours = [part for part in parts if part.session == session]
    generation = max(part.generation for part in ours)
    pieces = sorted(part for part in ours if part.generation == generation)
    chain: list[_Part] = []
    at, next_piece, furthest = 0, 0, None
    while True:
        while next_piece < len(pieces) and pieces[next_piece].start <= at:
            if furthest is None or pieces[next_piece].end > furthest.end:
                furthest = pieces[next_piece]
            next_piece += 1
        if furthest is None or furthest.end <= at:
            return chain
        chain.append(furthest)
        at = furthest.end


def _content(parts: ObjectFolder, part: _Part) -> bytes:
    content = parts.read(part.name)
    if content is None:
        raise StoreUnavailable(
            f"{parts.uri}/{part.name} has gone since it was listed: the batch is being removed."
        )
    if len(content) != part.end - part.start:
        raise StagingError(
            f"{parts.uri}/{part.name} has {len(content):,} bytes, not the {part.end - part.start:,} that its "
            f"name tells of. Remove it: then the batch is read from there on again."
        )
    return content

"""What a batch has fetched over the network, written down item by item, so that a retry does not ask again.

An append-only file with one line of JSON for each item, brought to the disk after the copy is in its place. A
torn last line, of a task that was killed while it wrote, is cut off.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from textmill.fetching.content_store import ContentStore, Incoming
from textmill.records import BatchItem, Content, Kind, Record, Sha256


class FetchNote(Record):
    """An item whose content was here, and what it is."""

    item_no: int
    uri: str
    sha256: Sha256
    bytes: int
    mime: str
    kind: Kind
    etag: str | None = None
    last_modified: str | None = None


class FetchJournal:
    """The notes of one batch. Use as a context manager."""

    def __init__(self, path: Path, store: ContentStore) -> None:
        self._path = path
        self._store = store
        self._notes: dict[int, FetchNote] = {}
        self._descriptor = -1

    def __enter__(self) -> Self:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        whole = 0
        with self._path.open("rb") as lines:
            for line in lines:
                note = _parsed(line)
                if note is None:
                    break
                self._notes[note.item_no] = note
                whole += len(line)
        os.ftruncate(self._descriptor, whole)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def note(self, item: BatchItem, incoming: Incoming, content: Content) -> None:
        """Write down an item; the note is on the disk when this returns."""
        note = FetchNote(
            item_no=item.item_no,
            uri=item.ref.uri,
            sha256=content.sha256,
            bytes=content.bytes,
            mime=content.mime,
            kind=content.kind,
            etag=incoming.etag,
            last_modified=incoming.last_modified,
        )
        if self._notes.get(item.item_no) == note:
            return
        line = note.model_dump_json(exclude_defaults=True).encode() + b"\n"
        os.write(self._descriptor, line)
        os.fsync(self._descriptor)

    def find(self, item: BatchItem) -> tuple[Incoming, Content] | None:
        """Return what an earlier try had of an item; None if it had nothing."""
        note = self._notes.get(item.item_no)
        if note is None or note.uri != item.ref.uri:
            return None
        place = self._store.path(note.sha256)
        incoming = Incoming(note.sha256, note.bytes, place, self._store, note.etag, note.last_modified)
        content = Content(
            sha256=note.sha256,
            bytes=note.bytes,
            mime=note.mime,
            kind=note.kind,
            path=self._store.relative_path(note.sha256),
        )
        return incoming, content


def read_notes(path: Path) -> Iterator[FetchNote]:
    """Stream the notes of a journal, whoever may be writing it; nothing when there is none."""
    with suppress(FileNotFoundError), path.open("rb") as lines:
        for line in lines:
            note = _parsed(line)
            if note is None:
                return
            yield note


def is_kept(incoming: Incoming) -> bool:
    """Return whether the copy of an earlier try is still kept, whole."""
    kept = incoming.store.find(incoming.sha256)
    return kept is not None and kept.bytes == incoming.bytes


def _parsed(line: bytes) -> FetchNote | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return FetchNote.model_validate_json(line)
    except ValidationError:
        return None

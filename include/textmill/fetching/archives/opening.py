"""Open an archive by its type, as members with addresses."""

from __future__ import annotations

import bz2
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from textmill.errors import DamagedArchive
from textmill.fetching.archives.budget import Budget, CannotGoOn
from textmill.fetching.archives.members import Entry, Member, members_of
from textmill.fetching.archives.tar_archive import BLOCK, is_tar, tar_entries
from textmill.fetching.archives.unpacking import (
    CHUNK,
    BrokenStream,
    Decompressor,
    Inflater,
    PlainStream,
    UnpackedStream,
    xz_decompressor,
)
from textmill.fetching.archives.zip_archive import zip_entries

_GZIP = 31
_PACKED: dict[str, Callable[[], Decompressor]] = {
    "application/gzip": lambda: Inflater(_GZIP),
    "application/x-bzip2": bz2.BZ2Decompressor,
    "application/x-xz": xz_decompressor,
}


def open_archive(path: Path, mime: str, uri: str, name: str, budget: Budget) -> Iterator[Member]:
    """Yield the members of the archive at `path`. Take the bytes of each before asking for the next.

    A gzip, bzip2 or xz file that holds no TAR archive is an archive of one member, called as the file without
    its ending.

    Args:
        mime: `application/zip`, `x-tar`, `gzip`, `x-bzip2` or `x-xz`.
        uri: the address of the archive.
        name: what it is called in sentences.

    Raises:
        CannotGoOn: a limit was reached, or the archive is damaged; members before that were yielded.
    """
    if mime == "application/zip":
        yield from members_of(zip_entries(path, name, budget), uri, budget)
        return
    with path.open("rb") as file:
        packed = _PACKED.get(mime)
        stream = UnpackedStream(file, packed, budget.spend, repeats=True) if packed else None
        if stream is None:
            entries = tar_entries(PlainStream(file, budget.spend), name)
        elif is_tar(_first_block(stream, name)):
            entries = tar_entries(stream, name)
        else:
            entries = _only_entry(stream, uri, name)
        yield from members_of(entries, uri, budget)


def _first_block(stream: UnpackedStream, name: str) -> bytes:
    try:
        return stream.peek(BLOCK)
    except BrokenStream as error:
        raise CannotGoOn(_damaged(name, str(error))) from error


def _only_entry(stream: UnpackedStream, uri: str, name: str) -> Iterator[Entry]:
    def chunks(_: str) -> Iterator[bytes]:
        try:
            while data := stream.read(CHUNK):
                yield data
        except BrokenStream as error:
            raise CannotGoOn(_damaged(name, str(error))) from error

    yield Entry(path=_inner_name(uri), size=0, chunks=chunks)
    if stream.trailing:
        raise CannotGoOn(_damaged(name, "something else follows behind its end"))


def _inner_name(uri: str) -> str:
    own = unquote(re.split("[/!]", urlsplit(uri).path)[-1], errors="surrogateescape")
    return re.sub(r"(?i)\.(gz|bz2|xz)$", "", own) or own


def _damaged(name: str, detail: str) -> DamagedArchive:
    return DamagedArchive(f"{name} breaks off or is damaged. Copy or pack it again.", detail=detail)

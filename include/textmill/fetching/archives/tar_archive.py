"""TAR archives as streams, packed or not."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from typing import Any

from textmill.errors import DamagedArchive
from textmill.fetching.archives.budget import CannotGoOn
from textmill.fetching.archives.members import Entry
from textmill.fetching.archives.unpacking import CHUNK, BrokenStream, PlainStream, UnpackedStream

BLOCK = tarfile.BLOCKSIZE
_MOST_HEADER_BYTES = 256 * 1024
"""A name takes some hundred bytes, extended attributes some thousand."""
_HEADER_ERRORS = (tarfile.TarError, ValueError, LookupError, OverflowError, RecursionError)


def is_tar(block: bytes) -> bool:
    """Whether a first block is the header of a TAR archive: its checksum tells."""
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except _HEADER_ERRORS:
        return False
    return True


def tar_entries(stream: UnpackedStream | PlainStream, name: str) -> Iterator[Entry]:
    """Yield the entries of an archive, in any of the formats that `tarfile` knows.

    Raises:
        CannotGoOn: it is damaged or breaks off. What lies before was yielded.
    """
    file = _ForwardFile(stream, name)
    headers = _Headers(file, name)
    while info := headers.next():
        yield _entry(file, info)
        file.seek(headers.data_end)
    file.expect_nothing_more()


class _Headers:
    """Reads one header after the other.

    Not by `TarFile.next`, which keeps all of them, and takes a damaged one for the end.
    """

    def __init__(self, file: _ForwardFile, name: str) -> None:
        self._file = file
        self._name = name
        self._first = True
        file.allow_header()
        try:
            self._archive = tarfile.TarFile(
                fileobj=file,  # type: ignore[arg-type]  # it is only read
                mode="r",
                encoding="utf-8",
                errors="surrogateescape",
            )
        except _HEADER_ERRORS as error:
            raise self._damaged(error) from error

    @property
    def data_end(self) -> int:
        """Where the data of the entry end, and the next header begins."""
        end: int = self._archive.offset
        return end

    def next(self) -> tarfile.TarInfo | None:
        """Return the next entry; None at the mark that ends the archive."""
        if self._first:  # which the constructor has read
            self._first = False
            first: tarfile.TarInfo | None = self._archive.firstmember  # type: ignore[attr-defined]
            return first
        self._file.allow_header()
        try:
            return tarfile.TarInfo.fromtarfile(self._archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            return None
        except _HEADER_ERRORS as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> CannotGoOn:
        return CannotGoOn(
            DamagedArchive(
                f"{self._name} breaks off or is damaged: no sensible header follows, and no mark of its end. "
                f"What lies before was taken out. Copy or pack it again.",
                detail=str(error) or type(error).__name__,
            )
        )


class _ForwardFile:
    """A stream as a file that `tarfile` can read headers from, and that never goes back."""

    def __init__(self, stream: UnpackedStream | PlainStream, name: str) -> None:
        self._stream = stream
        self._name = name
        self._position = 0
        self._header_bytes_left = 0

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._position

    def seek(self, position: int) -> None:
        """Pass over what lies before a position."""
        if position < self._position:
            raise CannotGoOn(self._damaged("an entry that ends before it begins"))
        while self._position < position:
            if not self.take(min(CHUNK, position - self._position)):
                raise CannotGoOn(self._damaged("it ends inside of an entry"))

    def allow_header(self) -> None:
        """Allow as much to be read by `read` as a header may take."""
        self._header_bytes_left = _MOST_HEADER_BYTES

    def read(self, size: int) -> bytes:
        """Return `size` bytes of a header, fewer at the end."""
        self._header_bytes_left -= size
        if self._header_bytes_left < 0:
            raise CannotGoOn(self._damaged("a header of many kilobytes"))
        data = b""
        while len(data) < size and (more := self.take(size - len(data))):
            data += more
        # Headers go through expressions that take quadratic time over long runs of digits (CVE-2024-6232).
        if size > BLOCK and re.search(rb"\d{200}", data):
            raise CannotGoOn(self._damaged("a header of digits"))
        return data

    def take(self, size: int) -> bytes:
        """Return up to `size` bytes of an entry's data; none at the end."""
        try:
            data = self._stream.read(size)
        except BrokenStream as error:
            raise CannotGoOn(self._damaged(str(error))) from error
        self._position += len(data)
        return data

    def expect_nothing_more(self) -> None:
        """Raise CannotGoOn unless only zeros follow: what else lies here would be lost silently."""
        while data := self.take(CHUNK):
            if data.strip(b"\0"):
                raise CannotGoOn(self._follows())
        if self._stream.trailing:
            raise CannotGoOn(self._follows())

    def _damaged(self, detail: str) -> DamagedArchive:
        return DamagedArchive(
            f"{self._name} breaks off or is damaged. What lies before was taken out. Copy or pack it again.",
            detail=detail,
        )

    def _follows(self) -> DamagedArchive:
        return DamagedArchive(
            f"Something follows behind the end of {self._name} and was left out, perhaps another archive. "
            f"Pack the files again."
        )


def _entry(file: _ForwardFile, info: tarfile.TarInfo) -> Entry:
    return Entry(
        path=info.name,
        size=info.size,
        is_folder=info.isdir() or (info.name.endswith("/") and not info.size),
        odd=_odd(info),
        chunks=lambda name: _data(file, info.offset_data, info.size),
    )


def _data(file: _ForwardFile, start: int, size: int) -> Iterator[bytes]:
    file.seek(start)
    left = size
    while left > 0:
        chunk = file.take(min(left, CHUNK))
        if not chunk:
            file.seek(start + size)  # says that the archive breaks off
        left -= len(chunk)
        yield chunk


def _odd(info: Any) -> str | None:
    if info.issym() or info.islnk():
        return f"is a link to {info.linkname[:200]!r}, no file of its own"
    if info.issparse():
        return "is a file with holes (sparse)"
    if not (info.isreg() or info.isdir()):
        return "is a device, a pipe or something else that is no file"
    return None

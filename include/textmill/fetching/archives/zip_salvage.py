"""What can be had of a ZIP archive without its directory: from one local header to the next."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from textmill.errors import DamagedArchive
from textmill.fetching.archives.budget import CannotGoOn
from textmill.fetching.archives.members import Entry
from textmill.fetching.archives.unpacking import CHUNK, BrokenStream, Section, UnpackedStream
from textmill.fetching.archives.zip_entries import (
    LOCAL_HEADER,
    SIZES_FOLLOW,
    LocalHeader,
    ZipItem,
    damaged,
    entry_of,
    is_encrypted,
    open_data,
    path_of_entry,
    read_local_header,
    section,
)

_DESCRIPTOR = b"PK\x07\x08"
_NEXT = (LOCAL_HEADER, b"PK\x01\x02")


def salvage(file: BinaryIO, name: str, spend: Callable[[int], None]) -> Iterator[Entry]:
    """Yield the entries that are whole, up to where the archive breaks off.

    Raises:
        CannotGoOn: there is an entry whose end cannot be told.
    """
    size = file.seek(0, os.SEEK_END)
    position = 0
    while header := read_local_header(file, position):
        if _ends_by_itself(header):
            tail = _Tail(file, header, name, spend)
            yield tail.entry()
            position = tail.finish()
        else:
            position = header.data_start + header.packed
            if position > size or (header.flags & SIZES_FOLLOW and not header.packed and header.size):
                raise CannotGoOn(_broken_off(name, _path(header)))
            yield entry_of(_item(header), section(file, header, header.packed), spend)
            if header.flags & SIZES_FOLLOW:
                position += _descriptor(file, position)[1]


def _path(header: LocalHeader) -> str:
    return path_of_entry(header.raw_name, header.flags, header.extra)


def _item(header: LocalHeader) -> ZipItem:
    return ZipItem(_path(header), header.flags, header.method, header.crc, header.size, header.packed)


def _ends_by_itself(header: LocalHeader) -> bool:
    return bool(header.flags & SIZES_FOLLOW) and not header.packed


def _broken_off(name: str, path: str) -> DamagedArchive:
    return DamagedArchive(
        f"{name} breaks off in its member {path[:200]!r}. What lies before it was taken out. "
        f"Copy or pack it again."
    )


class _Tail:
    """An entry whose sizes were not known when it was packed: its data show where it ends."""

    def __init__(self, file: BinaryIO, header: LocalHeader, name: str, spend: Callable[[int], None]) -> None:
        self._file = file
        self._header = header
        self._name = name
        size = file.seek(0, os.SEEK_END)
        source = Section(file, header.data_start, size - header.data_start)
        stream = open_data(header.method, source, spend)
        # Stored or encrypted data do not show it.
        if header.method != zipfile.ZIP_DEFLATED or is_encrypted(header.flags):
            raise CannotGoOn(_broken_off(name, _path(header)))
        assert isinstance(stream, UnpackedStream)
        self._stream = stream

    def entry(self) -> Entry:
        """Return the entry."""
        return Entry(
            path=_path(self._header),
            size=0,
            is_folder=self._header.raw_name.endswith(b"/"),
            chunks=self._chunks,
        )

    def finish(self) -> int:
        """Pass over what was not read; returns where the next header should be."""
        while self._read():
            pass
        end = self._header.data_start + self._stream.consumed
        return end + _descriptor(self._file, end)[1]

    def _chunks(self, name: str) -> Iterator[bytes]:
        crc = 0
        while chunk := self._read():
            crc = zlib.crc32(chunk, crc)
            yield chunk
        promised, _ = _descriptor(self._file, self._header.data_start + self._stream.consumed)
        if promised is None:
            raise CannotGoOn(_broken_off(self._name, _path(self._header)))
        if crc != promised:
            raise damaged(name, "its checksum is another")

    def _read(self) -> bytes:
        try:
            return self._stream.read(CHUNK)
        except BrokenStream as error:
            raise CannotGoOn(_broken_off(self._name, _path(self._header))) from error


def _descriptor(file: BinaryIO, position: int) -> tuple[int | None, int]:
    """Return the checksum behind an entry's data, and how many bytes stand there.

    The signature in front is optional, and the sizes behind have four or eight bytes each.
    """
    file.seek(position)
    data = file.read(28)
    start = 4 if data.startswith(_DESCRIPTOR) else 0
    if len(data) < start + 12:
        return None, len(data)
    (crc,) = struct.unpack_from("<L", data, start)
    is_long = data[start + 20 : start + 24] in _NEXT and data[start + 12 : start + 16] not in _NEXT
    return crc, start + (20 if is_long else 12)

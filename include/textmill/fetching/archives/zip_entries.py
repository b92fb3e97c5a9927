"""One entry of a ZIP archive: its local header, its obstacles, its data (APPNOTE.TXT 6.3.10)."""

from __future__ import annotations

import bz2
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from textmill.errors import DamagedArchive, MediumError, PasswordProtected, UnsupportedFormat
from textmill.fetching.archives.members import Entry
from textmill.fetching.archives.unpacking import (
    CHUNK,
    BrokenStream,
    Decompressor,
    Inflater,
    PlainStream,
    Readable,
    Section,
    UnpackedStream,
    lzma_decompressor,
)

LOCAL_HEADER = b"PK\x03\x04"
_LOCAL = struct.Struct("<4s5H3L2H")
LOCAL_HEADER_BYTES = _LOCAL.size

_ENCRYPTED = 0x1
SIZES_FOLLOW = 0x8
_PATCH = 0x20
UTF8 = 0x800
_HIDDEN_HEADER = 0x2000
_UNICODE_PATH = 0x7075
_ZIP64 = 0x0001
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)

_OTHER_METHODS = {1: "Shrink", 6: "Implode", 9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES"}


@dataclass(frozen=True)
class LocalHeader:
    """What stands in front of an entry's data.

    Attributes:
        size, packed: bytes of the entry, unpacked and packed; 0 where they follow the data.
        data_start: where in the file the data begin.
    """

    raw_name: bytes
    flags: int
    method: int
    crc: int
    size: int
    packed: int
    extra: bytes
    data_start: int


@dataclass(frozen=True)
class ZipItem:
    """What is needed to unpack an entry, from the directory or, without one, from the local header."""

    path: str
    flags: int
    method: int
    crc: int
    size: int
    packed: int
    mode: int = 0


def read_local_header(file: BinaryIO, offset: int) -> LocalHeader | None:
    """Return the header at an offset; None when there is none."""
    file.seek(offset)
    fixed = file.read(_LOCAL.size)
    if len(fixed) < _LOCAL.size or not fixed.startswith(LOCAL_HEADER):
        return None
    _, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes = _LOCAL.unpack(fixed)
    variable = file.read(name_bytes + extra_bytes)
    if len(variable) < name_bytes + extra_bytes:
        return None
    extra = variable[name_bytes:]
    if 0xFFFFFFFF in (packed, size):
        long = _extra_field(extra, _ZIP64)
        if len(long) >= 16:
            size, packed = struct.unpack_from("<2Q", long)
    start = offset + len(fixed) + len(variable)
    return LocalHeader(variable[:name_bytes], flags, method, crc, size, packed, extra, start)


def path_of_entry(raw: bytes, flags: int, extra: bytes) -> str:
    """Return an entry's path: UTF-8 where it says so or reads as such, else code page 437.

    Many programs write UTF-8 without saying so; text in code page 437 is hardly ever valid UTF-8 by accident.
    """
    said = _extra_field(extra, _UNICODE_PATH)
    if len(said) > 5 and int.from_bytes(said[1:5], "little") == zlib.crc32(raw):
        raw = said[5:]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "surrogateescape") if flags & UTF8 else raw.decode("cp437")


def entry_of(item: ZipItem, source: Readable, spend: Callable[[int], None]) -> Entry:
    """Return the entry whose packed data `source` holds."""
    is_folder = item.path.endswith("/") or stat.S_ISDIR(item.mode)
    odd = _odd(item, is_folder=is_folder)
    return Entry(
        path=item.path,
        size=item.size,
        is_folder=is_folder and odd is None,
        odd=odd,
        obstacle=_obstacle(item),
        chunks=lambda name: _checked(item, open_data(item.method, source, spend), name),
    )


def damaged_entry(item: ZipItem) -> Entry:
    """Return an entry of the directory for which there are no data."""
    return Entry(
        path=item.path,
        size=item.size,
        chunks=lambda name: iter(()),
        obstacle=lambda name: damaged(name, "there is no room for it where the directory says"),
    )


def open_data(
    method: int, source: Readable, spend: Callable[[int], None]
) -> UnpackedStream | PlainStream | Broken:
    """Return a stream that unpacks `source`."""
    if method == zipfile.ZIP_STORED:
        return PlainStream(source, spend)
    try:
        return UnpackedStream(source, _decompressor(method, source), spend)
    except BrokenStream as error:
        return Broken(error)


class Broken:
    """A stream that cannot be begun."""

    def __init__(self, error: BrokenStream) -> None:
        self._error = error

    def read(self, size: int, /) -> bytes:
        """Raise what was wrong."""
        raise self._error


def is_encrypted(flags: int) -> bool:
    """Whether an entry's data need a password."""
    return bool(flags & (_ENCRYPTED | _HIDDEN_HEADER))


def damaged(name: str, detail: str) -> DamagedArchive:
    """Return the error for a member whose data cannot be unpacked."""
    return DamagedArchive(
        f"{name} cannot be unpacked: its data in the archive are damaged. Pack it again.", detail=detail
    )


def _checked(item: ZipItem, stream: Readable, name: str) -> Iterator[bytes]:
    """Yield as many bytes as the directory promises and compare their checksum."""
    left, crc = item.size, 0
    try:
        while left and (chunk := stream.read(min(left, CHUNK))):
            left -= len(chunk)
            crc = zlib.crc32(chunk, crc)
            yield chunk
    except BrokenStream as error:
        raise damaged(name, str(error)) from error
    if left or crc != item.crc:
        raise damaged(name, "it is shorter than promised" if left else "its checksum is another")


def _decompressor(method: int, source: Readable) -> Callable[[], Decompressor]:
    if method == zipfile.ZIP_BZIP2:
        return bz2.BZ2Decompressor
    if method == zipfile.ZIP_LZMA:
        start = source.read(4)
        properties = source.read(int.from_bytes(start[2:4], "little"))
        return lambda: lzma_decompressor(properties)
    return lambda: Inflater(-zlib.MAX_WBITS)


def _odd(item: ZipItem, *, is_folder: bool) -> str | None:
    kind = stat.S_IFMT(item.mode)
    if kind == stat.S_IFLNK:
        return "is a link, no file of its own"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a device or a pipe, no file"
    if is_folder and item.size:
        return "is called a folder, but holds data"
    return None


def _obstacle(item: ZipItem) -> Callable[[str], MediumError] | None:
    if is_encrypted(item.flags):
        return lambda name: PasswordProtected(
            f"{name} is encrypted in its archive. Unpack the archive with its password, or pack it without."
        )
    if item.method not in _METHODS or item.flags & _PATCH:
        method = _OTHER_METHODS.get(item.method, f"method {item.method}")
        return lambda name: UnsupportedFormat(
            f"{name} is packed with {method}, which is not read. Pack it with Deflate."
        )
    return None


def _extra_field(extra: bytes, wanted: int) -> bytes:
    """Return the body of an extra field; empty when it is not there."""
    position = 0
    while position + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, position)
        if tag == wanted:
            return extra[position + 4 : position + 4 + length]
        position += 4 + length
    return b""


def section(file: BinaryIO, header: LocalHeader, packed: int) -> Section:
    """Return the packed data behind a local header."""
    return Section(file, header.data_start, packed)

"""Unpack streams in bounded pieces, whatever they claim to hold.

The readers of the standard library unpack a whole piece of input at once where bzip2 or LZMA lie in a ZIP
archive, and a few kilobytes of bzip2 can hold gigabytes. Here no step gives more than a chunk.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

CHUNK = 256 * 1024
_MOST_MEMORY = 256 * 1024**2
"""For the dictionary of an LZMA stream; `xz -9` needs a quarter of it."""


class BrokenStream(Exception):
    """The packed data break off or make no sense; the message is the library's."""


class Readable(Protocol):
    """Bytes from front to back."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        ...


class Decompressor(Protocol):
    """The decompressors of `bz2` and `lzma`, and `Inflater`."""

    @property
    def eof(self) -> bool:
        """Whether the packed stream is at its end."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing comes without further input."""
        ...

    @property
    def unused_data(self) -> bytes:
        """Input behind the end."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return up to `max_length` unpacked bytes."""
        ...


class Inflater:
    """zlib's decompressor with the interface of the other two.

    Args:
        wbits: as for `zlib.decompressobj`: -15 for raw deflate, 31 for gzip.
    """

    def __init__(self, wbits: int) -> None:
        self._zlib = zlib.decompressobj(wbits)
        self._was_full = False

    @property
    def eof(self) -> bool:
        """Whether the packed stream is at its end."""
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        """Whether nothing comes without further input."""
        return not (self._zlib.unconsumed_tail or self._was_full)

    @property
    def unused_data(self) -> bytes:
        """Input behind the end."""
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return up to `max_length` unpacked bytes."""
        unpacked = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self._was_full = len(unpacked) == max_length
        return unpacked


def xz_decompressor() -> lzma.LZMADecompressor:
    """Return a decompressor for one `.xz` stream, bounded in memory."""
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)


def lzma_decompressor(properties: bytes) -> lzma.LZMADecompressor:
    """Return a decompressor for LZMA data in a ZIP archive.

    Args:
        properties: lc, lp and pb in one byte, then the size of the dictionary (APPNOTE.TXT, 5.8.8).

    Raises:
        BrokenStream: they make no sense, or ask for too much memory.
    """
    packed, dictionary = int.from_bytes(properties[:1], "little"), int.from_bytes(properties[1:], "little")
    if len(properties) != 5 or packed >= 9 * 5 * 5 or dictionary > _MOST_MEMORY:
        raise BrokenStream("unusable properties of an LZMA stream")
    filters = {
        "id": lzma.FILTER_LZMA1,
        "lc": packed % 9,
        "lp": packed // 9 % 5,
        "pb": packed // 45,
        "dict_size": max(dictionary, 4096),
    }
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[filters])
    except (lzma.LZMAError, ValueError) as error:
        raise BrokenStream(str(error)) from error


class Section:
    """A stretch of a file, read through a handle that others may move."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self._file = file
        self._position = start
        self._end = start + length

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end of the stretch."""
        self._file.seek(self._position)
        data = self._file.read(min(size, self._end - self._position))
        self._position += len(data)
        return data


class PlainStream:
    """Data that are not packed, with the interface of `UnpackedStream`."""

    trailing = False

    def __init__(self, source: Readable, spend: Callable[[int], None]) -> None:
        self._source = source
        self._spend = spend

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        data = self._source.read(size)
        self._spend(len(data))
        return data


class UnpackedStream:
    """The unpacked bytes of a packed stream.

    Args:
        make: makes a decompressor for one stream.
        spend: is told how many bytes came out.
        repeats: whether another stream may follow at the end of one, as `cat a.gz b.gz` makes them.

    Attributes:
        trailing: something follows the last stream that is none.
    """

    def __init__(
        self,
        source: Readable,
        make: Callable[[], Decompressor],
        spend: Callable[[int], None],
        *,
        repeats: bool = False,
    ) -> None:
        self._source = source
        self._make = make
        self._spend = spend
        self._repeats = repeats
        self._unpacker = make()
        self._unused = b""
        self._ahead = b""
        self._fed = 0
        self.trailing = False

    @property
    def consumed(self) -> int:
        """Bytes of the source that the stream takes; right once its end was reached."""
        return self._fed - len(self._unpacker.unused_data)

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end, and leave them to be read."""
        while len(self._ahead) < size and (more := self._next()):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end.

        Raises:
            BrokenStream: the data break off or make no sense.
        """
        data = self._ahead or self._next()
        self._ahead = data[size:]
        return data[:size]

    def _next(self) -> bytes:
        while not self._unpacker.eof or self._begin_another():
            data = b""
            if self._unpacker.needs_input:
                data = self._unused or self._source.read(CHUNK)
                self._fed += len(data) - len(self._unused)
                self._unused = b""
                if not data:
                    raise BrokenStream("the packed data break off")
            if unpacked := self._unpack(data):
                self._spend(len(unpacked))
                return unpacked
        return b""

    def _unpack(self, data: bytes) -> bytes:
        try:
            return self._unpacker.decompress(data, CHUNK)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            raise BrokenStream(str(error)) from error

    def _begin_another(self) -> bool:
        """Go on to a stream that follows the one that ended. Zeros may fill up what follows."""
        if not self._repeats or self.trailing:
            return False
        rest = self._unpacker.unused_data.lstrip(b"\0")
        while not rest:
            data = self._source.read(CHUNK)
            if not data:
                return False
            rest = data.lstrip(b"\0")
        following = self._make()
        try:
            # A first byte or two are enough to tell that something else lies here.
            self._make().decompress(rest, 1)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
            self.trailing = True
            return False
        self._unpacker, self._unused = following, rest
        return True

"""The lines of a manifest out of a stream of bytes, whatever is in it, in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

LONGEST_LINE = 65_536
"""Bytes of the longest line, and of the longest entry where one has several lines."""

_BLOCK = 1 << 18


class Line(NamedTuple):
    """A line with its number (from 1), without its end; `text` is None where `problem` says why."""

    number: int
    text: str | None
    problem: str = ""


class TooManyBytesRead(Exception):
    """The stream goes on beyond the bytes that may be read of it."""


def read_lines(stream: BinaryIO, *, most_bytes: int) -> Iterator[Line]:
    """Stream the lines of UTF-8 text that end with LF or CR LF, a byte order mark aside.

    Of a line that is too long only its end is looked for.

    Raises:
        TooManyBytesRead: there are more than `most_bytes`.
    """
    number = 0
    for line in _split(stream, most_bytes):
        number += 1
        if number == 1 and line is not None:
            line = line.removeprefix(codecs.BOM_UTF8)
        if line is None:
            yield Line(number, None, f"is longer than {LONGEST_LINE:,} bytes")
            continue
        try:
            yield Line(number, line.decode())
        except UnicodeDecodeError:
            yield Line(number, None, "is not UTF-8")


def _split(stream: BinaryIO, most_bytes: int) -> Iterator[bytes | None]:
    """Stream lines without their ends; None stands for one that is too long."""
    begun, too_long, read = b"", False, 0
    while block := stream.read(_BLOCK):
        read += len(block)
        if read > most_bytes:
            raise TooManyBytesRead
        first, *more = block.split(b"\n")
        too_long = too_long or len(begun) + len(first) > LONGEST_LINE + 1
        begun = b"" if too_long else begun + first
        for line in more:
            yield None if too_long else _without_end(begun)
            begun, too_long = line, len(line) > LONGEST_LINE + 1
            if too_long:
                begun = b""
    if begun or too_long:
        yield None if too_long else _without_end(begun)


def _without_end(line: bytes) -> bytes | None:
    line = line.removesuffix(b"\r")
    return line if len(line) <= LONGEST_LINE else None

"""How many bytes a video file should have by its own account: decoders do not tell that a file is cut off.

The layouts are those of ISO/IEC 14496-12 (MP4, QuickTime: boxes), RFC 8794 (Matroska, WebM: EBML elements)
and RIFF (AVI: chunks). Only the outermost level is walked.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_EBML = b"\x1a\x45\xdf\xa3"
_MOST_ELEMENTS = 10_000
_RIFF_ALIGNMENT = 2


def declared_bytes(path: Path) -> int | None:
    """Return the size that the outermost structure of the file adds up to; None where it does not say."""
    with path.open("rb") as file:
        start = file.read(12)
        file.seek(0)
        if start[:4] == b"RIFF":
            return _riff_size(file)
        if start[:4] == _EBML:
            return _ebml_size(file)
        if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return _box_size(file)
    return None


def _riff_size(file: BinaryIO) -> int | None:
    at = 0
    for _ in range(_MOST_ELEMENTS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or head[:4] != b"RIFF":  # OpenDML files hold several RIFF chunks
            break
        size = int.from_bytes(head[4:], "little")
        at += 8 + size + size % _RIFF_ALIGNMENT
    return at or None


def _box_size(file: BinaryIO) -> int | None:
    at = 0
    for _ in range(_MOST_ELEMENTS):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return at
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if size < 8:  # 0: up to the end of the file, whatever that is
            return None
        at += size
    return None


def _ebml_size(file: BinaryIO) -> int | None:
    at = 0
    for _ in range(_MOST_ELEMENTS):
        file.seek(at)
        head = file.read(16)
        if not head:
            return at
        id_length = _length_of_number(head[0])
        if id_length == 0 or len(head) < id_length + 1:
            return None
        size_length = _length_of_number(head[id_length])
        number = head[id_length : id_length + size_length]
        unknown = (1 << (7 * size_length)) - 1
        size = int.from_bytes(number, "big") & unknown
        if size_length == 0 or size == unknown:  # written live: the size was not known
            return None
        at += id_length + size_length + size
    return None


def _length_of_number(first: int) -> int:
    """Return how many bytes an EBML number has by its first byte; 0 for none that is allowed."""
    return 9 - first.bit_length() if first else 0

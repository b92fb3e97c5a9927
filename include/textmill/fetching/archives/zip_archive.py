"""ZIP archives, by their directory; by their local headers where the directory is cut off or damaged."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from textmill.errors import DamagedArchive
from textmill.fetching.archives.budget import Budget, CannotGoOn, too_many_entries
from textmill.fetching.archives.members import Entry
from textmill.fetching.archives.zip_entries import (
    LOCAL_HEADER_BYTES,
    UTF8,
    ZipItem,
    damaged_entry,
    entry_of,
    path_of_entry,
    read_local_header,
    section,
)
from textmill.fetching.archives.zip_salvage import salvage

_DIRECTORY_ENTRY = b"PK\x01\x02"
_DIRECTORY_ERRORS = (
    zipfile.BadZipFile,
    NotImplementedError,
    ValueError,
    OverflowError,
    EOFError,
    struct.error,
)
_BYTES_PER_ENTRY = 4096
"""More than this much directory per allowed member is no directory that anybody writes."""


def zip_entries(path: Path, name: str, budget: Budget) -> Iterator[Entry]:
    """Yield the entries of the archive at `path`, in the order of its directory.

    Raises:
        CannotGoOn: it is damaged, or made to unpack to more than it holds. What could be found was yielded.
    """
    with path.open("rb") as file:
        try:
            directory, end = _directory(file, name, budget)
        except _DIRECTORY_ERRORS as error:
            yield from salvage(file, name, budget.spend)
            raise CannotGoOn(
                DamagedArchive(
                    f"{name} has no directory at its end that can be read: it was cut off or damaged. What "
                    f"could be found without it was taken out. Copy or pack it again.",
                    detail=str(error),
                )
            ) from error
        ends = _ends(directory, end, name)
        for info in directory:
            yield _entry(file, info, ends[info.header_offset], budget.spend)


class _BoundedReads:
    """A file in which nobody reads more than a directory of the allowed number of members takes."""

    def __init__(self, file: BinaryIO, name: str, budget: Budget) -> None:
        self._file = file
        self._name = name
        self._limits = budget.limits
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes. Raises CannotGoOn when they hold too many entries of a directory."""
        most = max(self._limits.entries * _BYTES_PER_ENTRY, 1024**2)
        data = self._file.read(size if 0 <= size <= most else most + 1)
        # Python holds a kilobyte per entry, whatever number the end of the directory gives.
        if len(data) > most or data.count(_DIRECTORY_ENTRY) > 2 * self._limits.entries:
            raise CannotGoOn(too_many_entries(self._name, self._limits))
        return data


def _directory(file: BinaryIO, name: str, budget: Budget) -> tuple[list[zipfile.ZipInfo], int]:
    """Return the entries of the directory, and where the directory begins."""
    bounded: BinaryIO = _BoundedReads(file, name, budget)  # type: ignore[assignment]
    with zipfile.ZipFile(bounded) as archive:
        entries = archive.infolist()
        if len(entries) > budget.limits.entries:
            raise CannotGoOn(too_many_entries(name, budget.limits))
        return entries, archive.start_dir


def _ends(directory: list[zipfile.ZipInfo], end: int, name: str) -> dict[int, int]:
    """Return for each entry, by where it begins, where it must have ended: the next one, or the directory.

    Entries that share data are how a small archive unpacks to petabytes without archives in archives
    (Fifield, "A better zip bomb", WOOT 2019); no program that packs files writes them.
    """
    starts = sorted(info.header_offset for info in directory)
    ends = dict(zip(starts, [*starts[1:], end], strict=True))
    if len(ends) < len(starts) or any(
        info.header_offset < 0
        or info.header_offset + LOCAL_HEADER_BYTES + info.compress_size > ends[info.header_offset]
        for info in directory
    ):
        raise CannotGoOn(
            DamagedArchive(
                f"The members of {name} overlap, as in an archive that is made to fill a disk. "
                f"Nothing of it was taken out; pack the files again."
            )
        )
    return ends


def _entry(file: BinaryIO, info: zipfile.ZipInfo, end: int, spend: Callable[[int], None]) -> Entry:
    header = read_local_header(file, info.header_offset)
    raw = info.orig_filename.encode("utf-8" if info.flag_bits & UTF8 else "cp437")
    item = ZipItem(
        path=path_of_entry(raw, info.flag_bits, info.extra),
        flags=info.flag_bits,
        method=info.compress_type,
        crc=info.CRC,
        size=info.file_size,
        packed=info.compress_size,
        mode=info.external_attr >> 16,
    )
    if header is None or header.data_start + item.packed > end:
        return damaged_entry(item)
    return entry_of(item, section(file, header, item.packed), spend)

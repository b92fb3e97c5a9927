"""Archives for tests, and what comes out of them."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from textmill.errors import MediumError
from textmill.fetching.archives import ArchiveLimits, Budget, CannotGoOn, open_archive
from textmill.fetching.sniffing import sniff

LIMITS = ArchiveLimits(depth=2, entries=100, ratio=200, bytes=1024**3)


@dataclass
class Opened:
    """What came out of an archive: contents and refusals by address, and why it went no further."""

    contents: dict[str, bytes] = field(default_factory=dict)
    refused: dict[str, MediumError] = field(default_factory=dict)
    stopped: MediumError | None = None


def open_all(path: Path, limits: ArchiveLimits = LIMITS) -> Opened:
    """Open an archive at `box:/NAME` and take everything out."""
    opened = Opened()
    mime = sniff(path, name=path.name).mime
    budget = Budget(path.name, path.stat().st_size, limits)
    try:
        for member in open_archive(path, mime, f"file:///{path.name}", path.name, budget):
            address = member.uri.partition("!")[2]
            assert address not in opened.contents
            if member.refusal is not None:
                opened.refused[address] = member.refusal
                continue
            try:
                opened.contents[address] = b"".join(member.chunks())
            except MediumError as error:
                opened.refused[address] = error
    except CannotGoOn as stop:
        opened.stopped = stop.error
    return opened


def zip_bytes(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def streamed_zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """A ZIP archive as a program writes it into a pipe: sizes follow the data."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.written += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return bytes(pipe.written)


def tar_bytes(files: Mapping[str, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    """A TAR archive; `mode` as `tarfile.open` has it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def overlapping_zip_bytes(entries: int) -> bytes:
    """A ZIP archive of which all entries share the same data."""
    content = zlib.compress(bytes(1_000_000), 9)[2:-4]
    crc = zlib.crc32(bytes(1_000_000))
    shared = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(content), 1_000_000, 1, 0) + b"a"
    directory = b"".join(
        struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\1\2", 20, 20, 0, 8, 0, 0, crc, len(content), 1_000_000, 4, 0, 0, 0, 0, 0, 0),
        )
        + b"%04d" % number
        for number in range(entries)
    )
    body = shared + content
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, entries, entries, len(directory), len(body), 0)
    return body + directory + end

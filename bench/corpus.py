"""Build a folder of many pages from a few media: copies that differ in their bytes, never in their pixels.

The pipeline knows media by the SHA-256 of their content, so identical copies would be read only once. Each
copy carries its number where its format keeps remarks and viewers do not look: a text chunk in a PNG, a
comment in a JPEG, bytes behind the end that a TIFF or a PDF declares. Standard library only, so that it runs
in both environments.
"""

from __future__ import annotations

import itertools
import re
import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_TIFF_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_PDF = b"%PDF-"
_PNG_HEADER_BYTES = 8 + 4 + 4 + 13 + 4
"""Signature, then length, type, data and checksum of the IHDR chunk, which has to come first."""
_JPEG_COMMENT = b"\xff\xfe"
_TIFF_ENTRY_BYTES = 12


class CorpusError(Exception):
    """No corpus can be made out of the folder; the message says why."""


@dataclass(frozen=True)
class Original:
    """A medium to copy."""

    path: Path
    pages: int


@dataclass(frozen=True)
class Corpus:
    """A folder of copies.

    Attributes:
        pages: in all media together.
        originals: what was copied; each copy is one of these in different bytes.
    """

    folder: Path
    media: int
    pages: int
    originals: tuple[Original, ...]


def build(source: Path, folder: Path, least_pages: int) -> Corpus:
    """Fill `folder` with copies of the media directly in `source` until it holds `least_pages` or more.

    All media take turns, and each is there at least once; only the last round may be cut short. Files that
    are neither PNG, JPEG, TIFF nor PDF are passed over.

    Raises:
        CorpusError: there is nothing to copy.
    """
    originals = find_originals(source)
    if not originals:
        raise CorpusError(f"{source} holds no PNG, JPEG, TIFF or PDF.")
    folder.mkdir(parents=True, exist_ok=True)
    pages = media = 0
    for number in itertools.count():
        for original in originals:
            if number and pages >= least_pages:
                return Corpus(folder, media, pages, originals)
            name = f"{original.path.stem}.{number:04d}{original.path.suffix}"
            (folder / name).write_bytes(marked(original.path.read_bytes(), f"copy {number}"))
            pages += original.pages
            media += 1
    raise AssertionError("counting has no end")


def find_originals(source: Path) -> tuple[Original, ...]:
    """The media directly in `source`, by name, with their page counts."""
    if not source.is_dir():
        raise CorpusError(f"{source} is not a folder.")
    files = sorted(path for path in source.iterdir() if path.is_file())
    return tuple(Original(path, page_count(path)) for path in files if _format(_beginning(path)) is not None)


def marked(content: bytes, remark: str) -> bytes:
    """Return the medium with a remark in it that changes its bytes and nothing that can be seen.

    Raises:
        CorpusError: the content is of none of the known formats.
    """
    add = _format(content)
    if add is None:
        raise CorpusError("The content is neither PNG, JPEG, TIFF nor PDF.")
    return add(content, remark.encode("ascii"))


def page_count(path: Path) -> int:
    """Pages of a PDF (asked of poppler's pdfinfo), frames of a TIFF, 1 for every other image.

    Raises:
        CorpusError: pdfinfo cannot tell.
    """
    beginning = _beginning(path)
    if beginning.startswith(_PDF):
        return _pdf_pages(path)
    if beginning[:4] in _TIFF_BYTE_ORDERS:
        return _tiff_frames(path.read_bytes())
    return 1


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)


def _format(content: bytes) -> Callable[[bytes, bytes], bytes] | None:
    if content.startswith(_PNG):
        return _with_png_text
    if content.startswith(_JPEG):
        return _with_jpeg_comment
    if content[:4] in _TIFF_BYTE_ORDERS:
        return _with_bytes_behind
    return _with_pdf_comment if content.startswith(_PDF) else None


def _with_png_text(content: bytes, remark: bytes) -> bytes:
    """Put a tEXt chunk behind the header (PNG Specification, third edition, section 11.3.3.2)."""
    body = b"tEXtComment\0" + remark
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return content[:_PNG_HEADER_BYTES] + chunk + content[_PNG_HEADER_BYTES:]


def _with_jpeg_comment(content: bytes, remark: bytes) -> bytes:
    """Put a COM segment behind the first segment if that is JFIF's or EXIF's, which have to come first."""
    place = 2
    if content[2:4] in (b"\xff\xe0", b"\xff\xe1"):
        place = 4 + int.from_bytes(content[4:6], "big")
    return content[:place] + _JPEG_COMMENT + struct.pack(">H", len(remark) + 2) + remark + content[place:]


def _with_bytes_behind(content: bytes, remark: bytes) -> bytes:
    """Append bytes to a TIFF: everything in it is found by offset, so nobody looks behind the last."""
    return content + remark


def _with_pdf_comment(content: bytes, remark: bytes) -> bytes:
    """Append a comment to a PDF; %%EOF still lies within the last 1,024 bytes, where readers look for it."""
    return content + b"\n% " + remark + b"\n"


def _pdf_pages(path: Path) -> int:
    try:
        asked = subprocess.run(["pdfinfo", str(path)], capture_output=True, text=True, errors="replace")
    except FileNotFoundError:
        raise CorpusError(
            "The program pdfinfo (package poppler-utils) is missing: run `make setup`."
        ) from None
    found = re.search(r"^Pages:\s+(\d+)", asked.stdout, re.MULTILINE)
    if found is None:
        raise CorpusError(f"{path} cannot be opened: {asked.stderr.strip() or 'pdfinfo names no page count'}")
    return int(found[1])


def _tiff_frames(content: bytes) -> int:
    """Follow the chain of image file directories (TIFF 6.0, section 2)."""
    order = _TIFF_BYTE_ORDERS[content[:4]]
    frames = 0
    seen: set[int] = set()
    (offset,) = struct.unpack_from(f"{order}I", content, 4)
    while offset and offset not in seen:
        seen.add(offset)
        frames += 1
        (entries,) = struct.unpack_from(f"{order}H", content, offset)
        (offset,) = struct.unpack_from(f"{order}I", content, offset + 2 + entries * _TIFF_ENTRY_BYTES)
    return frames

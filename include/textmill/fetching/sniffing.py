"""Tell what a file is by its content, never by its name (libmagic, and a look at what it gets wrong)."""

from __future__ import annotations

import mimetypes
import zipfile
from dataclasses import dataclass
from pathlib import Path

from textmill.errors import UnrecognisedContent, UnsupportedFormat
from textmill.fetching.markings import (
    begins_pdf,
    has_binary_header,
    has_binary_mark,
    is_html,
    is_transport_stream,
    iso_media_kind,
    zip_application,
)
from textmill.records import Kind
from textmill.text_encoding import HEAD_BYTES, looks_like_text

WHAT_IS_READ = (
    "images (JPEG, PNG, TIFF, BMP, GIF, WebP, HEIC, AVIF, JPEG 2000, Netpbm, PCX), PDF, "
    "videos (MP4, MOV, MKV, WebM, AVI, MPEG, Ogg, FLV, WMV, 3GP), text (plain in any encoding, RTF, HTML), "
    "and archives (ZIP, tar, gzip, bzip2, xz)"
)
"""For error sentences; what the tables below say."""

PLAIN_TEXT = "text/plain"
HTML = "text/html"
PDF = "application/pdf"
ZIP = "application/zip"
_UNKNOWN = "application/octet-stream"

_IMAGES = (
    "image/png", "image/apng", "image/jpeg", "image/tiff", "image/bmp", "image/x-ms-bmp", "image/gif",
    "image/webp", "image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence", "image/avif",
    "image/avif-sequence", "image/jp2", "image/jpx", "image/jpm", "image/x-jp2-codestream",
    "image/x-portable-bitmap", "image/x-portable-greymap", "image/x-portable-graymap",
    "image/x-portable-pixmap", "image/x-pcx", "image/vnd.zbrush.pcx",
)  # fmt: skip
_VIDEOS = (
    "video/mp4", "video/x-m4v", "video/quicktime", "video/x-matroska", "video/webm", "video/x-msvideo",
    "video/3gpp", "video/3gpp2", "video/mpeg", "video/mp2t", "video/MP2T", "video/ogg", "video/x-flv",
    "video/x-ms-asf", "video/x-ms-wmv", "video/mj2",
)  # fmt: skip
_ARCHIVES = (
    "application/zip", "application/x-tar", "application/gzip", "application/x-gzip",
    "application/x-bzip2", "application/x-xz",
)  # fmt: skip
_TEXTS = ("text/rtf", "application/rtf", HTML)
_WRITTEN = (
    "application/json", "application/x-ndjson", "application/csv", "application/x-subrip",
    "application/javascript", "application/xml", "message/rfc822",
)  # fmt: skip
"""Text whose type is worth keeping; other answers than `text/…` are chance when the content is text."""

_READ: dict[str, Kind] = {
    **dict.fromkeys(_IMAGES, Kind.IMAGE),
    **dict.fromkeys(_VIDEOS, Kind.VIDEO),
    **dict.fromkeys(_ARCHIVES, Kind.ARCHIVE),
    **dict.fromkeys(_TEXTS, Kind.TEXT),
    PDF: Kind.PDF,
}

_NO_TEXT_THOUGH_WRITTEN = {
    "image/svg+xml": "Its letters may be outlines and stand in any order: save it as PDF or PNG.",
    "application/postscript": "It is a program that draws pages: save it as PDF.",
    "image/x-xpixmap": "Save it as PNG.",
    "application/pgp-encrypted": "It is encrypted: put what is in it here.",
    "application/x-bittorrent": "It only names the files that it stands for.",
}
"""Formats that are written in letters and yet hold no text to read; with what to do about each."""

_PROGRAMS = (
    _UNKNOWN, "application/vnd.microsoft.portable-executable", "application/x-dosexec",
    "application/x-executable", "application/x-pie-executable", "application/x-sharedlib",
    "text/x-shellscript",
)  # fmt: skip
"""What may be a self-extracting archive: a program with a ZIP archive behind it."""

_MARKED_IN_LETTERS = (
    "image/gif", "image/bmp", "image/x-ms-bmp", "image/x-pcx", "image/vnd.zbrush.pcx",
)  # fmt: skip
"""Pictures whose mark can begin a text: "GIF89a", "BM", a line end (PCX). Netpbm's needs a size behind it."""


@dataclass(frozen=True)
class FileType:
    """What a file is in the words of MIME, and Textmill's word for it."""

    mime: str
    kind: Kind


def sniff(path: Path, *, name: str) -> FileType:
    """Return the type of the file at `path`; `name` is what it is called where it came from.

    Raises:
        UnrecognisedContent: the content is of no known format.
        UnsupportedFormat: the format is known but Textmill does not read it.
    """
    import magic

    mime = _corrected(magic.from_file(str(path), mime=True), path)
    if mime in _PROGRAMS and zipfile.is_zipfile(path):
        mime = ZIP
    if mime in _READ:
        return FileType(mime, _READ[mime])
    if mime.startswith("text/") or mime in _WRITTEN:
        return FileType(mime, Kind.TEXT)
    is_misnamed = _is_misnamed(name, mime)
    detail = f"libmagic: {magic.from_file(str(path))}"
    if mime == _UNKNOWN:
        claim = f", although its name ends in {Path(name).suffix}" if is_misnamed else ""
        raise UnrecognisedContent(
            f"{name} holds no format that is known{claim}. It may be damaged, encrypted, or something else "
            f"under a wrong name.",
            detail=detail,
        )
    advice = _NO_TEXT_THOUGH_WRITTEN.get(mime)
    raise UnsupportedFormat(
        f"{name} is of the type {mime}, which Textmill does not read"
        f"{', whatever its name says' if is_misnamed else ''}.{f' {advice}' if advice else ''} "
        f"Textmill reads {WHAT_IS_READ}.",
        detail=detail,
    )


def _corrected(mime: str, path: Path) -> str:
    """Return the type, put right where libmagic is known to err or to give up."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if mime == PDF or not _is_settled(mime):
        if begins_pdf(head):
            return PDF
        mime = _UNKNOWN if mime == PDF else mime
    if mime == ZIP:
        return zip_application(path) or mime
    if mime in _NO_TEXT_THOUGH_WRITTEN:
        return mime
    if mime in _WRITTEN and not looks_like_text(head):
        return _UNKNOWN
    if mime.startswith("text/"):
        return _kind_of_text(mime, head)
    if _may_be_text(mime, head) and looks_like_text(head):
        return _kind_of_text(mime if mime in _WRITTEN else PLAIN_TEXT, head)
    if mime == _UNKNOWN:
        return _unknown_to_libmagic(head)
    return mime


def _is_settled(mime: str) -> bool:
    """Return whether libmagic recognised a binary format that is read: those are told by sure marks."""
    return mime in _READ and not mime.startswith("text/")


def _may_be_text(mime: str, head: bytes) -> bool:
    """Return whether libmagic's answer may be owed to a text's first letters, and not to a binary mark."""
    if has_binary_mark(head):
        return False
    return not _is_settled(mime) or (mime in _MARKED_IN_LETTERS and not has_binary_header(head))


def _kind_of_text(mime: str, head: bytes) -> str:
    if is_html(head):
        return HTML
    return PLAIN_TEXT if mime == HTML else mime


def _unknown_to_libmagic(head: bytes) -> str:
    if is_transport_stream(head):
        return "video/mp2t"
    return iso_media_kind(head) or _UNKNOWN


def _is_misnamed(name: str, mime: str) -> bool:
    """Return whether the name promises a format that the content does not keep."""
    promised, _ = mimetypes.guess_type(name)
    if promised is None:
        return False
    return not (_bare(promised).startswith(_bare(mime)) or _are_both_audio(promised, mime))


def _are_both_audio(*mimes: str) -> bool:
    return all(mime.startswith("audio/") for mime in mimes)


def _bare(mime: str) -> str:
    """Return the subtype without its prefixes: `application/x-rar` and `application/vnd.rar` are one."""
    return mime.rpartition("/")[2].removeprefix("x-").removeprefix("vnd.")

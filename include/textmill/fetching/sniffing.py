"""Tell what a file is by its content, never by its name (libmagic)."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import Path

from textmill.errors import UnrecognisedContent, UnsupportedFormat
from textmill.records import Kind

_READ_NOW: dict[str, Kind] = {
    "image/png": Kind.IMAGE,
    "image/jpeg": Kind.IMAGE,
    "image/tiff": Kind.IMAGE,
    "application/pdf": Kind.PDF,
    "video/mp4": Kind.VIDEO,
    "video/x-m4v": Kind.VIDEO,
    "video/quicktime": Kind.VIDEO,
    "video/x-matroska": Kind.VIDEO,
    "video/webm": Kind.VIDEO,
    "video/x-msvideo": Kind.VIDEO,
}

_RECOGNISED: dict[str, Kind] = {
    "application/zip": Kind.ARCHIVE,
    "application/gzip": Kind.ARCHIVE,
    "application/x-tar": Kind.ARCHIVE,
    "application/x-7z-compressed": Kind.ARCHIVE,
    "application/x-bzip2": Kind.ARCHIVE,
    "application/x-xz": Kind.ARCHIVE,
    "application/json": Kind.TEXT,
    "application/csv": Kind.TEXT,
    "application/x-ndjson": Kind.TEXT,
}

_FAMILIES: dict[str, Kind] = {"image": Kind.IMAGE, "video": Kind.VIDEO, "text": Kind.TEXT}


@dataclass(frozen=True)
class FileType:
    """What libmagic says of a file, and Textmill's word for it."""

    mime: str
    kind: Kind


def sniff(path: Path, *, name: str) -> FileType:
    """Return the type of the file at `path`; `name` is what it is called where it came from.

    Raises:
        UnrecognisedContent: libmagic knows no such format.
        UnsupportedFormat: the format is known but Textmill does not read it yet.
    """
    import magic

    mime = magic.from_file(str(path), mime=True)
    description = magic.from_file(str(path))
    if mime in _READ_NOW:
        return FileType(mime, _READ_NOW[mime])
    kind = _RECOGNISED.get(mime) or _FAMILIES.get(mime.partition("/")[0], Kind.OTHER)
    claim = _false_claim(name, mime)
    if mime == "application/octet-stream":
        raise UnrecognisedContent(
            f"{name} holds no format that is known{claim}. It may be damaged, encrypted, or something else "
            f"under a wrong name.",
            detail=f"libmagic: {description}",
        )
    raise UnsupportedFormat(
        f"{name} is {mime} ({kind.value}){claim}, which is not supported yet. "
        f"Textmill reads PNG, JPEG, TIFF, PDF, MP4, MOV, MKV, WebM and AVI.",
        detail=f"libmagic: {description}",
    )


def _false_claim(name: str, mime: str) -> str:
    """Return a remark when the name promises a format that the content does not keep."""
    promised, _ = mimetypes.guess_type(name)
    if promised is None or promised == mime:
        return ""
    return f", although its name ends in {Path(name).suffix}"

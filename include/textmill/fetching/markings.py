"""Marks in files by which formats are told that libmagic takes for others."""

from __future__ import annotations

import re
import struct
import zipfile
from pathlib import Path

from textmill.text_encoding import byte_order_mark, is_control, unmarked_wide_encoding

_PDF_HEADER_WITHIN = 1024
"""Bytes that may precede the header of a PDF (Adobe's implementation notes on PDF 1.7, 3.4.1)."""
_PDF_HEADER = re.compile(rb"%PDF-\d\.\d")
_PDF_OBJECT = re.compile(rb"(?<!\d)\d{1,10}\s+\d{1,5}\s+obj\b")

_HTML_PREAMBLE = re.compile(r"\s*(?:<\?xml\b[^>]{0,1000}\?>\s*)?(?:<!--.{0,20000}?-->\s*)*", re.DOTALL)
_HTML_ROOT = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HTML_FRAGMENT = re.compile(
    r"<(?:title|meta|link|style|script|base|p|div|span|h[1-6]|ul|ol|dl|table|section|article|main|header|nav"
    r"|form|pre|blockquote|center|font|b|i|em|strong|a|img|br|hr)\b[^<>]{0,2000}>",
    re.IGNORECASE,
)
_OTHER_ROOT = re.compile(r"\s*<\?xml\b", re.IGNORECASE)

_TRANSPORT_PACKET = 188
_TRANSPORT_SYNC = 0x47
"""ISO/IEC 13818-1: every packet of 188 bytes begins with this byte."""

_BINARY_MARK = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n|II[*+]\0|MM\0[*+]|RIFF.{4}(?:WEBP|WAVE|AVI )|FORM.{4}AIF[FC]"
    rb"|\0\0\0\x0cjP  |\xff\x4f\xff\x51|\0.{3}ftyp|\x1aE\xdf\xa3|\0\0\x01[\xb3\xba]|FLV\x01|OggS\0"
    rb"|fLaC[\0\x80]|MThd\0|ID3[\x02-\x04]|\.snd\0|\0\0[\x01\x02]\0|8BPS\0|\x7fELF|7z\xbc\xaf",
    re.DOTALL,
)
"""How files of pixels, samples and programs begin: marks with bytes in them that begin no text."""
_HEADER_BYTES = 16

_STILL_BRANDS = {b"avif": "image/avif", b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif"}
_VIDEO_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash")

_MOST_DIRECTORY_BYTES = 16 * 1024**2
"""A larger table of contents is not looked into: it is no office document's."""
_END_OF_DIRECTORY = b"PK\x05\x06"
_WIDE_LOCATOR = b"PK\x06\x07"
_WIDE_LOCATOR_BYTES, _WIDE_END_BYTES = 20, 56
_END_SEARCHED_BYTES = 22 + 65_535 + _WIDE_LOCATOR_BYTES + _WIDE_END_BYTES
_APPLICATIONS = {
    "[Content_Types].xml": "application/vnd.openxmlformats-officedocument",
    "META-INF/manifest.xml": "application/vnd.oasis.opendocument",
    "META-INF/container.xml": "application/epub+zip",
    "META-INF/MANIFEST.MF": "application/java-archive",
    "AndroidManifest.xml": "application/vnd.android.package-archive",
    "Index/Document.iwa": "application/vnd.apple.iwork",
    "doc.kml": "application/vnd.google-earth.kmz",
}
"""Members that make a ZIP file something else than an archive (OPC, ODF 1.3 part 2, EPUB 3.3 OCF, JAR)."""


def begins_pdf(head: bytes) -> bool:
    """Return whether a file is a PDF, perhaps with junk before its header, and no text about PDFs."""
    header = _PDF_HEADER.search(head, 0, _PDF_HEADER_WITHIN)
    if header is None:
        return False
    return header.start() == 0 or _PDF_OBJECT.search(head, header.end()) is not None


def has_binary_mark(head: bytes) -> bool:
    """Return whether the first bytes are a format's mark that no text begins with."""
    return _BINARY_MARK.match(head) is not None


def has_binary_header(head: bytes) -> bool:
    """Return whether control characters stand where a picture's mark in letters is followed by its size.

    "GIF89a" and "BM" begin sentences too; in a file of that format small numbers follow.
    """
    return any(is_control(chr(code)) for code in head[:_HEADER_BYTES] if code < 0x20)


def is_html(head: bytes) -> bool:
    """Return whether a text is HTML: by its root, or as a fragment that begins and ends with a tag.

    Markdown and programs contain tags too; they do not begin and end with them.
    """
    codec = byte_order_mark(head) or unmarked_wide_encoding(head) or "latin-1"
    text = head.decode(codec, errors="ignore").removeprefix("\ufeff").removeprefix("ï»¿")
    preamble = _HTML_PREAMBLE.match(text)
    start = preamble.end() if preamble else 0
    if _HTML_ROOT.match(text, start):
        return True
    is_fragment = _HTML_FRAGMENT.match(text, start) is not None and not _OTHER_ROOT.match(text)
    return is_fragment and text.rstrip().endswith(">")


def is_transport_stream(head: bytes) -> bool:
    """Return whether this is an MPEG transport stream: packets that each begin with the same byte."""
    packets = head[: 8 * _TRANSPORT_PACKET : _TRANSPORT_PACKET]
    return len(packets) == 8 and set(packets) == {_TRANSPORT_SYNC}


def iso_media_kind(head: bytes) -> str | None:
    """Return the type of an ISO base media file by its brands (ISO/IEC 14496-12, 4.3), None for others."""
    if head[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4], "big"), 1024)
    brands = [head[8:12], *(head[start : start + 4] for start in range(16, size, 4))]
    still = next((_STILL_BRANDS[brand] for brand in brands if brand in _STILL_BRANDS), None)
    if still:
        return still
    return "video/mp4" if any(brand in _VIDEO_BRANDS for brand in brands) else None


def zip_application(path: Path) -> str | None:
    """Return what a ZIP file is when it is a document or a program rather than an archive, else None."""
    size = _directory_bytes(path)
    if size is None or size > _MOST_DIRECTORY_BYTES:
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
    except Exception:  # a damaged archive is reported when it is unpacked
        return None
    return next((mime for member, mime in _APPLICATIONS.items() if member in members), None)


def _directory_bytes(path: Path) -> int | None:
    """Return the size of a ZIP file's table of contents (APPNOTE 6.3.10, 4.3.16), None without one."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_SEARCHED_BYTES))
        tail = file.read()
    found = tail.rfind(_END_OF_DIRECTORY)
    if found < 0 or len(tail) < found + 16:
        return None
    wide = found - _WIDE_LOCATOR_BYTES - _WIDE_END_BYTES
    if wide >= 0 and tail.startswith(_WIDE_LOCATOR, found - _WIDE_LOCATOR_BYTES):
        return int(struct.unpack_from("<Q", tail, wide + 40)[0])  # ZIP64: this one counts, 4.3.14
    return int(struct.unpack_from("<I", tail, found + 12)[0])

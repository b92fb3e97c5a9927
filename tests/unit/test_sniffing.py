"""Types are told by content."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from textmill.errors import UnrecognisedContent, UnsupportedFormat
from textmill.fetching.sniffing import sniff
from textmill.records import Kind


@pytest.mark.parametrize(
    ("sample", "mime", "kind"),
    [
        ("table-ferry.png", "image/png", Kind.IMAGE),
        ("letter-council.jpg", "image/jpeg", Kind.IMAGE),
        ("memo-fax.tif", "image/tiff", Kind.IMAGE),
        ("report-bridge.pdf", "application/pdf", Kind.PDF),
    ],
)
def test_content_decides_whatever_the_name(samples: Path, sample: str, mime: str, kind: Kind) -> None:
    found = sniff(samples / sample, name="something.docx")
    assert (found.mime, found.kind) == (mime, kind)


def test_random_bytes_are_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(random.Random(7).randbytes(4096))
    with pytest.raises(UnrecognisedContent, match=r"holiday\.png holds no format .* ends in \.png"):
        sniff(path, name="holiday.png")


def test_known_formats_are_called_by_their_name(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("plain words\n")
    with pytest.raises(UnsupportedFormat, match="text/plain"):
        sniff(tmp_path / "note.txt", name="note.txt")
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c\0\4" + bytes(200))
    with pytest.raises(UnsupportedFormat, match="which is not supported yet"):
        sniff(tmp_path / "a.7z", name="a.7z")

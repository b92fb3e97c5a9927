"""Types are told by content."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import wave
import zipfile
from pathlib import Path

import pytest

from textmill.errors import UnrecognisedContent, UnsupportedFormat
from textmill.fetching.sniffing import FileType, sniff
from textmill.records import Kind


def sniffed(folder: Path, content: bytes | str, name: str = "x") -> FileType:
    path = folder / "content"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return sniff(path, name=name)


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


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def iso_media(brand: bytes, *compatible: bytes) -> bytes:
    return box(b"ftyp", brand + bytes(4) + b"".join(compatible)) + box(b"mdat", bytes(256))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"GIF89a" + struct.pack("<HHBBB", 4, 4, 0, 0, 0) + bytes(32), Kind.IMAGE),
        (b"BM" + struct.pack("<IHHIIiiHHI", 58, 0, 0, 54, 40, 1, 1, 1, 24, 0) + bytes(24), Kind.IMAGE),
        (b"RIFF" + struct.pack("<I", 40) + b"WEBPVP8L" + bytes(32), Kind.IMAGE),
        (iso_media(b"heic", b"mif1"), Kind.IMAGE),
        (iso_media(b"mif1", b"heic"), Kind.IMAGE),
        (iso_media(b"avif", b"mif1"), Kind.IMAGE),
        (box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 " + bytes(4) + b"jp2 "), Kind.IMAGE),
        (b"\xff\x4f\xff\x51\x00\x2f\x00\x00" + bytes(60), Kind.IMAGE),
        (b"P6 2 1 255\n" + bytes(range(6)), Kind.IMAGE),
        (iso_media(b"isom", b"mp41"), Kind.VIDEO),
        (iso_media(b"mp42"), Kind.VIDEO),
        (iso_media(b"qt  "), Kind.VIDEO),
        (iso_media(b"3gp4"), Kind.VIDEO),
        (b"RIFF" + struct.pack("<I", 4000) + b"AVI LIST" + bytes(64), Kind.VIDEO),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska" + bytes(64), Kind.VIDEO),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + bytes(64), Kind.VIDEO),
        (b"\x00\x00\x01\xba\x44" + bytes(64), Kind.VIDEO),
        ((b"\x47\x40\x11\x10" + bytes(184)) * 12, Kind.VIDEO),
        (b"FLV\x01\x05\0\0\0\x09" + bytes(64), Kind.VIDEO),
    ],
)
def test_pictures_and_videos_of_all_kinds(tmp_path: Path, content: bytes, kind: Kind) -> None:
    assert sniffed(tmp_path, content).kind is kind


def zipped(*members: str, mimetype: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for member in members:
            archive.writestr(member, "<x/>")
    return buffer.getvalue()


def tarred(mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        archive.addfile(tarfile.TarInfo("a.txt"))
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_archives(tmp_path: Path, mode: str) -> None:
    assert sniffed(tmp_path, tarred(mode)).kind is Kind.ARCHIVE


def test_zip_archives_and_single_packed_files(tmp_path: Path) -> None:
    assert sniffed(tmp_path, zipped("a.txt")) == FileType("application/zip", Kind.ARCHIVE)
    assert sniffed(tmp_path, zipped()).kind is Kind.ARCHIVE
    assert sniffed(tmp_path, gzip.compress(b"hello")) == FileType("application/gzip", Kind.ARCHIVE)


OOXML = ("_rels/.rels", "word/document.xml")


@pytest.mark.parametrize(
    "content",
    [
        zipped("[Content_Types].xml", *OOXML),
        zipped(*OOXML, "[Content_Types].xml"),
        zipped("docProps/app.xml", *OOXML, "[Content_Types].xml"),
        zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"),
        zipped("content.xml", "META-INF/manifest.xml", mimetype="application/vnd.oasis.opendocument.text"),
        zipped("content.xml", "META-INF/manifest.xml"),
        zipped("META-INF/container.xml", mimetype="application/epub+zip"),
        zipped("META-INF/MANIFEST.MF", "A.class"),
    ],
)
def test_office_documents_are_no_archives(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        sniffed(tmp_path, content)


def test_an_archive_with_office_documents_is_one(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("letters/a.docx", zipped("[Content_Types].xml", *OOXML))
    assert sniffed(tmp_path, buffer.getvalue()).kind is Kind.ARCHIVE


def test_a_table_of_contents_that_claims_gigabytes_is_not_read(tmp_path: Path) -> None:
    member, end = zipped("docProps/app.xml", *OOXML, "[Content_Types].xml"), 22
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, 1 << 40, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(member) - end, 1)
    found = sniffed(tmp_path, member[:-end] + wide + locator + member[-end:])
    assert found == FileType("application/zip", Kind.ARCHIVE)


SENTENCE = "Die Straße führt über die Brücke, und dahinter liegt ein Dorf.\n"


JAPANESE = ("吾輩は猫である。名前はまだ無い。", "結果は以下の通りです。")
"""In Shift-JIS they begin as programs of DOS do."""
WIDE_TEXTS = (
    "hi",
    "Это русский текст.\n",
    "Αγαπητοί συνάδελφοι,\n",
    "随信附上十月份服务的发票。\n请在十四天内付款。\n",
    "這是中文的文章。\n請在十四天內付款。\n",
    "시월 서비스에 대한 청구서를 보내 드립니다.\n",
    "吾輩は猫である。\n名前はまだ無い。\n",
    "สวัสดีครับ ยินดีต้อนรับ\n",
    "مرحبا بالعالم\n",
    "Tea (紅茶) costs 3 €.\nCoffee costs 4 €.\n",
)


@pytest.mark.parametrize(
    "content",
    [
        "plain words\n",
        "a",
        "ab",
        "\n",
        '{"a": [1, 2]}',
        '{"a": 1}\n{"a": 2}\n',
        "a,b,c\n1,2,3\n",
        "#include <stdio.h>\nint main(void) { return 0; }\n",
        "From: a@b.c\nSubject: x\n\nHello\n",
        "1\n00:00:01,000 --> 00:00:02,000\nHello\n",
        "[Version]\nsignature=x\n",
        "GIF89a is a format of pictures.\n",
        "BM and MZ are the first letters of other files.\n",
        "A PDF begins with %PDF-1.4 and ends with %%EOF.\n",
        "# Title\n\n<h1>inside</h1> *text*\n",
        'page = "<html><head><title>%s</title>"\nprint(page)\n',
        '<?xml version="1.0"?>\n<note>words</note>\n',
        SENTENCE.encode("latin-1"),
        SENTENCE.encode("utf-16"),
        SENTENCE.encode("utf-16-le"),
        SENTENCE.encode("utf-16-be"),
        SENTENCE.encode("utf-32-le"),
        SENTENCE.encode("utf-8-sig"),
        "これは日本語の文章です。\n".encode("utf-16-le"),
        "これは日本語の文章です。\n".encode("cp932"),
        "今天天气很好。\n".encode("gb18030"),
        "Это русский текст.\n".encode("koi8-r"),
        *(text.encode(codec) for text in JAPANESE for codec in ("cp932", "euc_jp")),
        "今天天气很好，我们去公园。".encode("gb18030"),
        "今天天氣很好，我們去公園。".encode("big5"),
        *(text.encode(codec) for text in WIDE_TEXTS for codec in ("utf-16-le", "utf-16-be", "utf-32-le")),
        SENTENCE.encode("latin-1") * 4 + b"\x1a",
        SENTENCE.encode("latin-1") * 4 + b"\x01one control character\n",
    ],
)
def test_whatever_is_written_is_text(tmp_path: Path, content: bytes | str) -> None:
    found = sniffed(tmp_path, content)
    assert found.kind is Kind.TEXT
    assert found.mime not in ("text/html", "text/rtf")


@pytest.mark.parametrize(
    "content",
    [
        "<!DOCTYPE html><title>x</title><p>hello",
        "\n<!-- saved -->\n<HTML><body>hello</body></HTML>",
        '<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
        "<p>a fragment</p>\n<p>of a page</p>\n",
        "<html><body>hello there</body></html>".encode("utf-16"),
    ],
)
def test_html_is_told_from_text_with_tags(tmp_path: Path, content: bytes | str) -> None:
    assert sniffed(tmp_path, content) == FileType("text/html", Kind.TEXT)


def test_json_and_rtf_keep_their_type(tmp_path: Path) -> None:
    assert sniffed(tmp_path, '{"a": [1, 2]}').mime == "application/json"
    assert sniffed(tmp_path, "{\\rtf1\\ansi hello}") == FileType("text/rtf", Kind.TEXT)


@pytest.mark.parametrize("junk", [b"\r\n", bytes(128), b"HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\n"])
def test_a_pdf_behind_junk_is_a_pdf(samples: Path, tmp_path: Path, junk: bytes) -> None:
    found = sniffed(tmp_path, junk + (samples / "report-bridge.pdf").read_bytes())
    assert found == FileType("application/pdf", Kind.PDF)


@pytest.mark.parametrize(
    "content",
    [
        random.Random(7).randbytes(4096),
        random.Random(8).randbytes(60),
        b"\0" * 1000,
        b"one line\nab\x00c\x01\x02\n",
        struct.pack("<500h", *range(-250, 250)),
    ],
)
def test_rubbish_is_no_text_and_no_picture(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnrecognisedContent, match=r"holiday\.txt holds no format .* ends in \.txt"):
        sniffed(tmp_path, content, name="holiday.txt")


def numbers(seed: int, lowest: int, highest: int, form: str = "H") -> bytes:
    chance = random.Random(seed)
    return struct.pack(f"<1000{form}", *(chance.randint(lowest, highest) for _ in range(1000)))


@pytest.mark.parametrize(
    "content",
    [
        *(numbers(seed, 0x3400, 0x9F00) for seed in range(40)),
        *(numbers(seed, 0x4E00, 0x9FA5) for seed in range(40)),
        *(numbers(seed, 0xAC00, 0xD7A3) for seed in range(10)),
        *(numbers(seed, 0x100, 0x600) for seed in range(10)),
        *(numbers(seed, 0x4E00, 0x9FA5, "I") for seed in range(10)),
        numbers(1, 300, 420),
        b"Hello\0World\0" * 200,
        b"\0".join(b"a list of words that end in zeros".split()) * 50,
    ],
    ids=range(113),
)
def test_numbers_and_lists_are_no_east_asian_text(tmp_path: Path, content: bytes) -> None:
    with pytest.raises((UnrecognisedContent, UnsupportedFormat)):
        sniffed(tmp_path, content)


@pytest.mark.parametrize("level", [0, 1, 3, 10, 60])
@pytest.mark.parametrize("width", [1, 2])
def test_sound_is_no_text_however_quiet(tmp_path: Path, level: int, width: int) -> None:
    chance = random.Random(level)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, width, 8000, 0, "NONE", ""))
        middle = 128 if width == 1 else 0
        sound.writeframes(
            b"".join(
                (middle + chance.randint(-level, level)).to_bytes(width, "little", signed=width == 2)
                for _ in range(20_000)
            )
        )
    with pytest.raises(UnsupportedFormat, match="of the type audio/x-wav, which"):
        sniffed(tmp_path, buffer.getvalue())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"7z\xbc\xaf\x27\x1c\0\4" + bytes(64),
            r"x is of the type application/x-7z-compressed, which Textmill does not read\. Textmill",
        ),
        ('<svg xmlns="http://www.w3.org/2000/svg"><text>hi</text></svg>', r"svg.*outlines.*save it as PDF"),
        ("%!PS-Adobe-3.0\n/x 1 def\n", r"postscript.*program that draws pages: save it as PDF"),
        (b"RIFF\x64\0\0\0WAVEfmt " + bytes(64), r"of the type audio/x-wav, which"),
    ],
)
def test_what_is_not_read_is_called_by_its_name(tmp_path: Path, content: bytes | str, sentence: str) -> None:
    with pytest.raises(UnsupportedFormat, match=sentence) as refused:
        sniffed(tmp_path, content)
    assert "Textmill reads images (JPEG, PNG, TIFF" in refused.value.message


def test_a_name_that_promises_something_else_is_remarked_upon(tmp_path: Path) -> None:
    archive = b"7z\xbc\xaf\x27\x1c\0\4" + bytes(64)
    with pytest.raises(UnsupportedFormat, match=r"does not read, whatever its name says\. Textmill reads"):
        sniffed(tmp_path, archive, name="scan.png")
    with pytest.raises(UnsupportedFormat) as refused:
        sniffed(tmp_path, archive, name="scans.7z")
    assert "whatever" not in refused.value.message

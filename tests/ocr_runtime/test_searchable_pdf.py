"""Searchable PDFs: the pages look as they did, and the words stand where they were read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pypdfium2
import pytest
from pdf_pages import A4, PROSE, edited, lines, locked, picture, scan_of, write
from PIL import Image, ImageDraw

from textmill.errors import DamagedImage, ExportError, PasswordProtected, TooManyPixels
from textmill.exports.document.words import placed_words
from textmill.exports.pdf import building
from textmill.exports.pdf.building import build_pdf
from textmill.exports.pdf.request import PdfAnswer, PdfRequest
from textmill.media.image import ImageMedium
from textmill.media.medium import MediaOptions
from textmill.records import Kind, LineRecord, PageRecord
from textmill.staging import write_records

Box = tuple[float, float, float, float]

UPRIGHT = ((60, 100), (560, 100), (560, 130), (60, 130))
SLANTED = ((60, 300), (560, 330), (558, 360), (58, 330))
DOWNWARDS = ((600, 100), (630, 100), (630, 500), (600, 500))


def line(text: str, polygon: Any = UPRIGHT, line_no: int = 1) -> LineRecord:
    return LineRecord(line_no=line_no, text=text, confidence=0.9, polygon=polygon)


def page(
    *written: LineRecord, page_no: int = 1, width: int = 700, height: int = 1000, **changes: Any
) -> PageRecord:
    values = {
        "sha256": "a" * 64,
        "page_no": page_no,
        "text": "\n".join(one.text for one in written),
        "confidence": 0.9,
        "confidence_low": 0.9,
        "width": width,
        "height": height,
        "dpi": 100,
        "rotation": 0,
        "ink": 0.1,
        "text_source": "ocr",
        "engine": "paddle",
        "model": "m",
        "fingerprint": "f",
        "milliseconds": 1,
        "lines": written,
    }
    return PageRecord.model_validate(values | changes)


def drawing(width: int = 700, height: int = 1000, mode: str = "RGB") -> Image.Image:
    """A page that looks different from every side."""
    image = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, width // 3, height // 8), fill=(200, 30, 30))
    pen.rectangle((0, height - height // 5, width // 8, height), fill=(20, 90, 200))
    pen.line((0, 0, width, height), fill=(0, 0, 0), width=6)
    return image.convert(mode)


def made(
    original: Path, *records: PageRecord, kind: Kind = Kind.IMAGE, **options: Any
) -> tuple[Path, PdfAnswer]:
    out = original.with_name(original.name + ".out.pdf")
    request = PdfRequest(
        original=str(original),
        kind=kind,
        mime="x/y",
        name=original.name,
        pages=str(original.with_name("pages.jsonl")),
        all_frames=False,
        out=str(out),
    )
    return out, build_pdf(request, records, MediaOptions(**options))


def pixels(path: Path, page_no: int = 1, dpi: float = 72) -> Any:
    document = pypdfium2.PdfDocument(path)
    try:
        return document[page_no - 1].render(scale=dpi / 72).to_numpy()[:, :, :3].astype(int)
    finally:
        document.close()


def text_of(path: Path, page_no: int = 1) -> str:
    document = pypdfium2.PdfDocument(path)
    try:
        return document[page_no - 1].get_textpage().get_text_range()
    finally:
        document.close()


def poppler_text(path: Path) -> str:
    done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
    return done.stdout.decode()


def found_at(path: Path, word: str, page_no: int = 1, dpi: float = 100) -> Box:
    """Where a viewer marks a word: in pixels of the page as it is shown."""
    document = pypdfium2.PdfDocument(path)
    try:
        shown = document[page_no - 1]
        textpage = shown.get_textpage()
        hit = textpage.search(word, match_case=True).get_next()
        assert hit is not None, word
        index, count = hit
        corners = []
        for one in range(index, index + count):
            left, bottom, right, top = textpage.get_charbox(one)
            for x, y in ((left, bottom), (right, top)):
                corners.append(_shown(shown, x, y, dpi))
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return min(xs), min(ys), max(xs), max(ys)
    finally:
        document.close()


def _shown(page: Any, x: float, y: float, dpi: float) -> tuple[float, float]:
    """From points of user space to pixels from the top left of what is shown."""
    left, bottom, right, top = page.get_bbox()
    scale = dpi / 72
    match page.get_rotation():
        case 90:
            return (y - bottom) * scale, (x - left) * scale
        case 180:
            return (right - x) * scale, (y - bottom) * scale
        case 270:
            return (top - y) * scale, (right - x) * scale
        case _:
            return (x - left) * scale, (top - y) * scale


def expected(record: LineRecord, word: str) -> Box:
    return next(one.outline.box for one in placed_words(record) if one.text == word)


# --- words stand where they were read ------------------------------------------------------------------


@pytest.mark.parametrize("polygon", [UPRIGHT, SLANTED, DOWNWARDS])
def test_a_word_is_found_inside_of_its_outline(tmp_path: Path, polygon: Any) -> None:
    path = tmp_path / "a.png"
    drawing().save(path, dpi=(100, 100))
    record = line("The zebra crosses the street", polygon)
    out, answer = made(path, page(record))
    assert answer == PdfAnswer(pages=1, pages_with_text=1)
    for word in ("zebra", "street"):
        assert found_at(out, word) == pytest.approx(expected(record, word), abs=3)


@pytest.mark.parametrize(
    "text",
    [
        "The zebra crosses the street",
        "Größe naïve œuvre Łódź",
        "東京は日本の首都です",
        "Привет мир ελληνικά",
        "नमस्ते दुनिया",
        "zebra 🦓 𝒳",
        "שלום עולם",
        "مرحبا بالعالم",
        "a < b & (c) \\ <0041>",
    ],
)
def test_text_of_any_script_comes_out_as_it_was_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.png"
    drawing().save(path)
    out, _ = made(path, page(line(text)))
    assert text_of(out).split() == text.split()
    # Poppler puts marks of direction around lines that run from right to left.
    assert poppler_text(out).translate({0x202A: None, 0x202B: None, 0x202C: None}).split() == text.split()


def test_lines_stay_apart_and_words_whole_on_a_slanted_page(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    drawing().save(path, dpi=(100, 100))
    written = [
        line(
            text,
            [(60, 100 + 40 * no), (640, 106 + 40 * no), (640, 134 + 40 * no), (60, 128 + 40 * no)],
            no + 1,
        )
        for no, text in enumerate(PROSE)
    ]
    out, _ = made(path, page(*written))
    assert text_of(out).replace("\r\n", "\n").split() == " ".join(PROSE).split()
    assert poppler_text(out).split() == " ".join(PROSE).split()


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_text_of_a_page_that_was_read_turned_lies_where_it_was_seen(tmp_path: Path, rotation: int) -> None:
    """The picture is as it was: whoever looks at it sees it turned, and the words with it."""
    path = tmp_path / "a.png"
    drawing(700, 1000).save(path, dpi=(100, 100))
    width, height = (1000, 700) if rotation % 180 else (700, 1000)
    record = line("The zebra crosses", ((60, 100), (460, 100), (460, 130), (60, 130)))
    out, _ = made(path, page(record, width=width, height=height, rotation=rotation))
    left, top, right, bottom = expected(record, "zebra")
    # Turned back, anticlockwise, by as much as it was turned to be read.
    seen = {
        90: (top, width - right, bottom, width - left),
        180: (width - right, height - bottom, width - left, height - top),
        270: (height - bottom, left, height - top, right),
    }[rotation]
    assert found_at(out, "zebra") == pytest.approx(seen, abs=3)


# --- pictures look as they did --------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_is_kept_as_it_is_and_shown_as_its_orientation_says(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[274] = orientation
    drawing(400, 600).save(path, dpi=(72, 72), quality=95, exif=exif)
    with ImageMedium(path, name="a", options=MediaOptions()) as medium:
        seen = medium.page(1)
    record = line("zebra", ((50, 80), (250, 80), (250, 110), (50, 110)))
    out, _ = made(path, page(record, width=seen.width, height=seen.height, rotation=seen.rotation))
    assert np.abs(pixels(out) - seen.pixels.astype(int)).mean() < 3
    assert found_at(out, "zebra", dpi=72) == pytest.approx((50, 80, 250, 110), abs=2)
    with pikepdf.open(out) as document:
        (image,) = document.pages[0].Resources.XObject.values()
        assert image.read_raw_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("mode", "bits"), [("1", 1), ("L", 8), ("RGB", 8), ("RGBA", 8), ("P", 8), ("CMYK", 8)]
)
def test_pages_of_a_tiff_lose_nothing(tmp_path: Path, mode: str, bits: int) -> None:
    path = tmp_path / "a.tif"
    frames = [drawing(300, 500, mode), drawing(500, 300, mode)]
    frames[0].save(path, save_all=True, append_images=frames[1:], dpi=(72, 72))
    out, answer = made(path, page(line("two"), page_no=2, width=500, height=300))
    assert (answer.pages, answer.pages_with_text) == (2, 1)
    with ImageMedium(path, name="a", options=MediaOptions()) as medium:
        for page_no in (1, 2):
            assert np.array_equal(pixels(out, page_no), medium.page(page_no).pixels)
    with pikepdf.open(out) as document:
        (image,) = document.pages[0].Resources.XObject.values()
        assert image.BitsPerComponent == bits
    assert (text_of(out, 1).strip(), text_of(out, 2).strip()) == ("", "two")


def test_many_pictures_are_not_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_PART_BYTES", 1000)
    path = tmp_path / "a.tif"
    frames = [drawing(100 + 10 * number, 200) for number in range(5)]
    frames[0].save(path, save_all=True, append_images=frames[1:], dpi=(72, 72))
    records = [page(line(f"word{no}"), page_no=no, width=90 + 10 * no, height=200) for no in range(1, 6)]
    out, answer = made(path, *records)
    assert answer.pages_with_text == 5
    assert [text_of(out, no).strip() for no in range(1, 6)] == [f"word{no}" for no in range(1, 6)]
    assert [pixels(out, no).shape[1] for no in range(1, 6)] == [100, 110, 120, 130, 140]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.tif", "a.tif.out.pdf"]


def test_a_picture_without_a_resolution_has_a_size_that_pdf_allows(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("1", (60_000, 10), 1).save(path)
    out, _ = made(path)
    with pikepdf.open(out) as document:
        assert float(document.pages[0].MediaBox[2]) <= 14_400


# --- a PDF keeps its pages ------------------------------------------------------------------------------


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A scan, a page with text of its own, and a scan that nobody could read."""
    printed = scan_of(write(tmp_path / "printed.pdf", lines(PROSE)), dpi=100)
    scanned = picture(printed, (0, 0, *A4))
    return write(tmp_path / "scan.pdf", scanned, lines(PROSE), scanned)


@pytest.mark.parametrize(
    ("turn", "crop"), [(0, None), (90, None), (180, (30, 50, 560, 800)), (270, (30, 50, 560, 800))]
)
def test_a_pdf_looks_the_same_and_has_text_where_it_was_read(scan: Path, turn: int, crop: Any) -> None:
    def change(document: pikepdf.Pdf) -> None:
        document.pages[0].Rotate = turn
        if crop:
            document.pages[0].CropBox = crop

    edited(scan, change)
    seen = pixels(scan, 1, 100)
    record = line("The zebra crosses the street")
    size = {"width": seen.shape[1], "height": seen.shape[0]}
    out, answer = made(
        scan,
        page(record, **size),
        page(line("own"), page_no=2, text_source="text_layer"),
        kind=Kind.PDF,
    )
    assert answer == PdfAnswer(pages=3, pages_with_text=1)
    for page_no in (1, 2, 3):
        assert np.array_equal(pixels(out, page_no, 100), pixels(scan, page_no, 100))
    assert text_of(out, 1).split() == record.text.split()
    assert found_at(out, "zebra") == pytest.approx(expected(record, "zebra"), abs=3)
    assert text_of(out, 2) == text_of(scan, 2)
    assert text_of(out, 3).strip() == ""


def test_resources_that_pages_share_or_inherit_are_kept(scan: Path) -> None:
    def share(document: pikepdf.Pdf) -> None:
        document.Root.Pages.Resources = document.pages[0].Resources
        for one in document.pages:
            if "/XObject" in one.Resources:
                del one["/Resources"]

    edited(scan, share)
    out, _ = made(scan, page(line("one")), page(line("three"), page_no=3), kind=Kind.PDF)
    assert [text_of(out, no).strip() for no in (1, 3)] == ["one", "three"]
    assert np.array_equal(pixels(out, 1), pixels(scan, 1))


def test_a_page_that_leaves_its_graphics_state_in_a_mess_gets_its_text_all_the_same(scan: Path) -> None:
    def scale(document: pikepdf.Pdf) -> None:
        document.pages[0].contents_add(b"q 0.1 0 0 0.1 300 300 cm", prepend=True)

    edited(scan, scale)
    record = line("The zebra")
    out, _ = made(scan, page(record, width=827, height=1170), kind=Kind.PDF)
    assert found_at(out, "zebra") == pytest.approx(expected(record, "zebra"), abs=3)


def test_a_locked_document_opens_with_a_known_password_only(scan: Path) -> None:
    locked(scan, user="open sesame")
    with pytest.raises(PasswordProtected, match="can only be opened with a password"):
        made(scan, page(line("zebra")), kind=Kind.PDF)
    out, _ = made(scan, page(line("zebra")), kind=Kind.PDF, passwords=("open sesame",))
    assert text_of(out).strip() == "zebra"


# --- what strangers send --------------------------------------------------------------------------------


def test_a_page_of_a_tiff_that_cannot_be_decoded_is_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    frames = [drawing(300, 400), drawing(300, 400)]
    frames[0].save(path, save_all=True, append_images=frames[1:], compression="tiff_deflate")
    with Image.open(path) as image:
        image.seek(1)
        start = image.tag_v2[273][0]
    content = bytearray(path.read_bytes())
    content[start : start + 20] = bytes(20)
    path.write_bytes(bytes(content))
    out, answer = made(path, page(line("one"), width=300, height=400))
    assert answer == PdfAnswer(pages=2, pages_with_text=1, pages_missing=(2,))
    assert text_of(out, 1).strip() == "one"


def test_a_picture_that_cannot_be_decoded_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    drawing().save(path)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(DamagedImage):
        made(path, page(line("one")))


def test_limits_on_pixels_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    drawing().save(path)
    with pytest.raises(TooManyPixels, match="TEXTMILL_MAX_PIXELS"):
        made(path, max_pixels=1000)


def test_lines_with_places_that_make_no_sense_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    drawing().save(path)
    records = [
        line("here"),
        line("point", ((5, 5),) * 4, 2),
        line("none", (), 3),
        line("flat", ((5, 5), (50, 5), (50, 5), (5, 5)), 4),
    ]
    out, _ = made(path, page(*records))
    assert text_of(out).split() == ["here"]


def test_what_has_no_pages_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    with pytest.raises(ExportError, match="neither a picture nor a PDF"):
        made(path, kind=Kind.TEXT)


# --- as a process ---------------------------------------------------------------------------------------


def run(request: PdfRequest, **environment: str) -> subprocess.CompletedProcess[str]:
    core = Path(building.__file__).parents[3]
    return subprocess.run(
        [sys.executable, "-m", "textmill.exports.pdf", str(os.getpid())],
        input=request.model_dump_json(),
        env=os.environ | {"PYTHONPATH": str(core)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def staged(path: Path, records: Sequence[PageRecord]) -> PdfRequest:
    pages = path.with_name("pages.jsonl")
    write_records(pages, records, PageRecord)
    return PdfRequest(
        original=str(path),
        kind=Kind.IMAGE,
        mime="image/png",
        name="a.png",
        pages=str(pages),
        all_frames=False,
        out=str(path.with_name("out.pdf")),
    )


def test_the_process_answers_with_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    drawing().save(path)
    request = staged(path, [page(line("The zebra"))])
    done = run(request)
    assert PdfAnswer.model_validate_json(done.stdout) == PdfAnswer(pages=1, pages_with_text=1)
    assert text_of(Path(request.out)).split() == ["The", "zebra"]


def test_the_process_says_in_its_last_line_why_it_cannot(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    drawing().save(path)
    done = run(staged(path, []), TEXTMILL_MAX_PIXELS="1000")
    assert done.returncode == 1
    assert "TEXTMILL_MAX_PIXELS allows" in done.stderr.splitlines()[-1]

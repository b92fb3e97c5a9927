"""Images and PDFs become upright pages, or a clear sentence."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ocr_batches import OPTIONS
from PIL import Image
from pypdfium2 import PdfDocument

from textmill.errors import (
    DamagedImage,
    DamagedPdf,
    MediumError,
    PasswordProtected,
    TooManyPages,
    TooManyPixels,
)
from textmill.media import MediaOptions, Medium, open_medium
from textmill.records import Kind


def opened(path: Path, kind: Kind = Kind.IMAGE, options: MediaOptions = OPTIONS, **changes: Any) -> Medium:
    mime = "application/pdf" if kind is Kind.PDF else "image/x"
    return open_medium(path, kind, mime, name=path.name, options=replace(options, **{"dpi": 100} | changes))


def test_transparency_becomes_white_paper(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 10), (0, 0, 0, 0)).save(tmp_path / "a.png")
    with opened(tmp_path / "a.png") as medium:
        page = medium.page(1)
    assert (page.width, page.height) == (20, 10)
    assert (page.pixels == 255).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "RGB"])
def test_every_colour_model_becomes_8_bit_colour(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.new("RGB", (20, 10), (255, 0, 0)).convert(mode).save(path)
    with opened(path) as medium:
        pixels = medium.page(1).pixels
    assert pixels.shape == (10, 20, 3)
    assert pixels.dtype == np.uint8


def test_sixteen_bits_are_scaled_not_cut(tmp_path: Path) -> None:
    grey = np.full((10, 20), 128 * 257, dtype=np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    with opened(tmp_path / "a.png") as medium:
        assert abs(int(medium.page(1).pixels[0, 0, 0]) - 128) <= 1


@pytest.mark.parametrize(("white", "dtype"), [(4095, np.uint16), (1.0, np.float32), (255, np.int32)])
def test_deep_grey_is_scaled_by_what_it_holds(tmp_path: Path, white: float, dtype: type) -> None:
    grey = np.full((10, 20), white, dtype=dtype)
    grey[:5] = 0
    Image.fromarray(grey).save(tmp_path / "a.tif")
    with opened(tmp_path / "a.tif") as medium:
        pixels = medium.page(1).pixels
    assert (pixels[0, 0, 0], pixels[9, 0, 0]) == (0, 255)


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "I;16"])
def test_turned_tiffs_are_not_scrambled(tmp_path: Path, mode: str) -> None:
    pixels = np.zeros((20, 40), dtype=np.uint16 if mode == "I;16" else np.uint8)
    pixels[:, :5] = 60_000 if mode == "I;16" else 255
    image = Image.fromarray(pixels)
    image = image if mode == "I;16" else image.convert(mode)
    image.save(tmp_path / "a.tif", tiffinfo={274: 6})
    with opened(tmp_path / "a.tif") as medium:
        page = medium.page(1)
    assert (page.width, page.height) == (20, 40)
    assert page.pixels[:5].min() > 200
    assert page.pixels[5:].max() == 0


def test_thumbnails_in_a_tiff_are_no_pages(tmp_path: Path) -> None:
    page, thumbnail = Image.new("L", (100, 100)), Image.new("L", (10, 10))
    thumbnail.encoderinfo = {"tiffinfo": {254: 1}}
    page.save(tmp_path / "a.tif", save_all=True, append_images=[thumbnail])
    with opened(tmp_path / "a.tif") as medium:
        assert medium.page_count == 1


def test_damaged_headers_are_refused_whatever_they_trip(tmp_path: Path, samples: Path) -> None:
    chance = random.Random(5)
    whole = (samples / "memo-fax.tif").read_bytes()
    for number in range(300):
        damaged = bytearray(whole)
        for _ in range(8):
            damaged[chance.randrange(len(damaged) - 400, len(damaged))] = chance.randrange(256)
        path = tmp_path / f"{number}.tif"
        path.write_bytes(damaged)
        with suppress(MediumError), opened(path) as medium:
            medium.page(1)


def test_channels_are_blue_green_red(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "a.png")
    with opened(tmp_path / "a.png") as medium:
        assert medium.page(1).pixels[0, 0].tolist() == [0, 0, 255]


def test_a_photo_is_turned_upright(tmp_path: Path) -> None:
    photo = Image.new("RGB", (40, 20))
    exif = Image.Exif()
    exif[274] = 6
    photo.save(tmp_path / "a.jpg", exif=exif)
    with opened(tmp_path / "a.jpg") as medium:
        page = medium.page(1)
    assert (page.width, page.height, page.rotation) == (20, 40, 90)


def test_frames_of_a_tiff_are_pages(tmp_path: Path) -> None:
    frames = [Image.new("L", (10, 10 + number)) for number in range(3)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:], dpi=(300, 300))
    with opened(tmp_path / "a.tif") as medium:
        assert medium.page_count == 3
        assert [medium.page(number).height for number in (3, 1, 2)] == [12, 10, 11]
        assert medium.page(1).dpi == 300


def test_a_truncated_jpeg_says_so(samples: Path, tmp_path: Path) -> None:
    whole = (samples / "letter-council.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    with (
        opened(tmp_path / "half.jpg") as medium,
        pytest.raises(DamagedImage, match="breaks off"),
    ):
        medium.page(1)


def test_too_many_pixels_name_the_setting(tmp_path: Path) -> None:
    Image.new("1", (300, 300)).save(tmp_path / "a.png")
    tight = MediaOptions(max_pixels=80_000, page_pixel_budget=1, max_pages=1, page_timeout_seconds=1)
    with pytest.raises(TooManyPixels, match=r"90,000 pixels, more than .* 80,000 that TEXTMILL_MAX_PIXELS"):
        opened(tmp_path / "a.png", options=tight)


def test_pdf_pages_are_drawn_at_the_resolution_asked_for(samples: Path) -> None:
    with opened(samples / "report-bridge.pdf", Kind.PDF, dpi=50) as medium:
        page = medium.page(5)
    assert medium.page_count == 5
    assert page.dpi == 50
    assert 300 < page.width < 500


def test_a_huge_page_is_drawn_smaller(tmp_path: Path) -> None:
    document = PdfDocument.new()
    document.new_page(14_400, 14_400)
    document.save(tmp_path / "poster.pdf")
    with opened(tmp_path / "poster.pdf", Kind.PDF, dpi=300) as medium:
        page = medium.page(1)
    assert page.width * page.height <= OPTIONS.page_pixel_budget
    assert page.dpi is not None and page.dpi < 300


def test_page_sizes_are_each_page_s_own(tmp_path: Path) -> None:
    document = PdfDocument.new()
    for size in (72, 144, 720):
        document.new_page(size, size)
    document.save(tmp_path / "sizes.pdf")
    with opened(tmp_path / "sizes.pdf", Kind.PDF, dpi=72) as medium:
        assert [medium.page(number).width for number in (1, 2, 3)] == [72, 144, 720]


def test_what_lies_outside_the_crop_box_is_not_drawn(tmp_path: Path) -> None:
    document = PdfDocument.new()
    document.new_page(5000, 5000).set_cropbox(0, 0, 144, 72)
    document.save(tmp_path / "crop.pdf")
    with opened(tmp_path / "crop.pdf", Kind.PDF, dpi=72) as medium:
        page = medium.page(1)
    assert (page.width, page.height) == (144, 72)


def test_too_many_pages(samples: Path) -> None:
    tight = MediaOptions(max_pixels=1, page_pixel_budget=1, max_pages=4, page_timeout_seconds=10)
    with pytest.raises(TooManyPages, match="TEXTMILL_MAX_PAGES allows 4"):
        opened(samples / "report-bridge.pdf", Kind.PDF, options=tight)


def test_a_password_is_told_from_damage(tmp_path: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "locked.pdf"), encrypt=StandardEncryption("secret"))
    canvas.drawString(100, 100, "hidden")
    canvas.save()
    with pytest.raises(PasswordProtected, match=r"locked\.pdf can only be opened with a password"):
        opened(tmp_path / "locked.pdf", Kind.PDF)


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<"])
def test_a_pdf_that_is_only_a_header(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "head.pdf").write_bytes(content)
    with pytest.raises(DamagedPdf, match="damaged or cut off"):
        opened(tmp_path / "head.pdf", Kind.PDF)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\x00\x08\x00\x00\x00"])
def test_an_image_that_is_only_a_header(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(MediumError), opened(tmp_path / "a.png") as medium:
        medium.page(1)

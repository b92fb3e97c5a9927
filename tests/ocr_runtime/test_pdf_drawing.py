"""Pages of PDFs are drawn by a process of their own; those that are nothing but grey, in grey."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from pdf_pages import A4, Draw, write
from PIL import Image
from pypdfium2 import PdfDocument
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from textmill.errors import DamagedPdf, PageTimeout, TooManyPixels
from textmill.media import pdf_colour
from textmill.media.medium import MediaOptions
from textmill.media.pdf_drawing import draw_page


def scan(mode: str) -> ImageReader:
    """A scan with some structure; in colour it has some, too."""
    levels = np.random.default_rng(3).integers(0, 256, (300, 210, 3)).astype(np.uint8)
    stored = io.BytesIO()
    Image.fromarray(levels).convert(mode).save(stored, "PNG")
    return ImageReader(stored)


def grey_scan(sheet: Canvas) -> None:
    sheet.drawImage(scan("L"), 0, 0, *A4)


def two_grey_scans(sheet: Canvas) -> None:
    sheet.drawImage(scan("L"), 0, 0, A4[0], A4[1] / 2)
    sheet.drawImage(scan("L"), 0, A4[1] / 2, A4[0], A4[1] / 2)


def coloured_scan(sheet: Canvas) -> None:
    sheet.drawImage(scan("RGB"), 0, 0, *A4)


def grey_scan_with_a_stamp(sheet: Canvas) -> None:
    grey_scan(sheet)
    sheet.setFillColorRGB(1, 0, 0)
    sheet.drawString(100, 100, "PAID")


def grey_scan_with_a_link(sheet: Canvas) -> None:
    grey_scan(sheet)
    sheet.linkURL("https://example.org", (100, 100, 200, 120), thickness=2, color=None)


def judged_grey(path: Path) -> bool:
    document = PdfDocument(path)
    try:
        return pdf_colour.is_grey(document[0])
    finally:
        document.close()


@pytest.mark.parametrize("page", [grey_scan, two_grey_scans, lambda sheet: None])
def test_pages_of_grey_scans_look_the_same_drawn_in_grey(tmp_path: Path, page: Draw) -> None:
    path = write(tmp_path / "a.pdf", page)
    assert judged_grey(path)
    grey, coloured = (
        draw_page(str(path), 1, 100, name="a.pdf", options=MediaOptions(), is_grey=is_grey)
        for is_grey in (True, False)
    )
    assert grey.shape == (1170, 827, 3)
    assert np.array_equal(grey, coloured)


@pytest.mark.parametrize("page", [coloured_scan, grey_scan_with_a_stamp, grey_scan_with_a_link])
def test_what_may_have_a_colour_is_not_taken_for_grey(tmp_path: Path, page: Draw) -> None:
    assert not judged_grey(write(tmp_path / "a.pdf", page))


def test_colours_arrive_in_the_order_blue_green_red(tmp_path: Path) -> None:
    def red(sheet: Canvas) -> None:
        sheet.setFillColorRGB(1, 0.5, 0)
        sheet.rect(0, 0, *A4, stroke=0, fill=1)

    pixels = draw_page(str(write(tmp_path / "a.pdf", red)), 1, 40, name="a.pdf", options=MediaOptions())
    assert pixels[200, 100].tolist() == [0, 128, 255]


def test_a_page_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", grey_scan)
    with pytest.raises(PageTimeout, match="TEXTMILL_PAGE_TIMEOUT_SECONDS"):
        draw_page(str(path), 1, 300, name="a.pdf", options=MediaOptions(page_timeout_seconds=0.001))


def test_what_cannot_be_drawn_is_damaged_and_the_complaint_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4\nnothing")
    with pytest.raises(DamagedPdf, match=r"a\.pdf, page 1") as raised:
        draw_page(str(tmp_path / "a.pdf"), 1, 100, name="a.pdf", options=MediaOptions())
    assert "Syntax" in (raised.value.detail or "")


def test_more_pixels_than_allowed_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", grey_scan)
    with pytest.raises(TooManyPixels, match="TEXTMILL_MAX_PIXELS"):
        draw_page(str(path), 1, 100, name="a.pdf", options=MediaOptions(max_pixels=100_000))

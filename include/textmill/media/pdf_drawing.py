"""Draw single pages of a PDF with poppler's pdftoppm, in a process that can be given up.

It is started here and not by pdf2image, which starts three processes for a page (one to ask for the version,
one to count the pages) and takes the picture through a pipe and Pillow.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import Any

from textmill.errors import DamagedPdf, PageTimeout
from textmill.media.medium import MediaOptions

_HEADER = re.compile(rb"(P[56])\n(\d{1,9}) (\d{1,9})\n255\n")
"""How pdftoppm begins a picture: what it holds (5 is grey, 6 colour), width, height, whiteness (Netpbm)."""
_HEADER_BYTES = 64
_ROWS_AT_ONCE = 64
"""Read and turned around while the processor still has them in its cache."""


def draw_page(
    path: str, page_no: int, dpi: int, *, name: str, options: MediaOptions, is_grey: bool = False
) -> Any:
    """Return the page as a uint8 array of shape (height, width, 3), channels in the order blue, green, red.

    Args:
        path: of the document.
        is_grey: nothing on the page has a colour: it is drawn in grey, which is quicker.

    Raises:
        DamagedPdf: poppler draws nothing.
        PageTimeout: it takes too long.
        OSError, MemoryError: faults of this machine, not of the page.
    """
    # A file that is only memory: read where it lies, where a pipe would have it copied in small pieces.
    descriptor = os.memfd_create("textmill-page")
    try:
        complaints = _draw(descriptor, path, page_no, dpi, name, options, is_grey)
        return _pixels(descriptor, page_no, complaints, name, options)
    finally:
        os.close(descriptor)


def _draw(
    descriptor: int, path: str, page_no: int, dpi: int, name: str, options: MediaOptions, is_grey: bool
) -> str:
    """Have the page drawn into an open file; returns what pdftoppm complains of."""
    # The size that was allowed for is that of the crop box; the media box may be vastly larger.
    command = ["pdftoppm", "-r", str(dpi), "-f", str(page_no), "-l", str(page_no), "-cropbox"]
    if is_grey:
        command.append("-gray")
    try:
        done = subprocess.run(
            [*command, path],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.PIPE,
            timeout=options.page_timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PageTimeout(
            f"{name}, page {page_no}: drawing took longer than the {options.page_timeout_seconds:g} s that "
            f"TEXTMILL_PAGE_TIMEOUT_SECONDS allows.",
            page_no=page_no,
        ) from error
    return done.stderr.decode(errors="replace").strip()[-500:]


def _pixels(descriptor: int, page_no: int, complaints: str, name: str, options: MediaOptions) -> Any:
    header = _HEADER.match(os.pread(descriptor, _HEADER_BYTES, 0))
    if header is None:
        raise undrawable(name, page_no, complaints or "pdftoppm drew nothing")
    width, height, channels = int(header[2]), int(header[3]), 1 if header[1] == b"P5" else 3
    options.refuse_pixels(name, width, height, page_no)
    if not width * height or os.fstat(descriptor).st_size < header.end() + width * height * channels:
        raise undrawable(name, page_no, f"the drawing breaks off; {complaints or 'no reason is given'}")
    return _in_blue_green_red(descriptor, header.end(), (height, width, channels))


def _in_blue_green_red(descriptor: int, start: int, shape: tuple[int, int, int]) -> Any:
    """Read rows of grey or of red, green and blue that begin at a byte of a file."""
    import cv2
    import numpy as np

    height, width, channels = shape
    code = cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_RGB2BGR
    pixels: Any = np.empty((height, width, 3), np.uint8)
    strip: Any = np.empty((min(height, _ROWS_AT_ONCE), width, channels), np.uint8)
    for top in range(0, height, _ROWS_AT_ONCE):
        rows = strip[: min(_ROWS_AT_ONCE, height - top)]
        os.preadv(descriptor, [rows], start + top * width * channels)
        cv2.cvtColor(rows, code, dst=pixels[top : top + len(rows)])
    return pixels


def undrawable(name: str, page_no: int, detail: str) -> DamagedPdf:
    """Return the error that says so."""
    return DamagedPdf(
        f"{name}, page {page_no}: the page is damaged and cannot be drawn.", page_no=page_no, detail=detail
    )

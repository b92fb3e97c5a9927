"""A picture as the only thing on a page of a PDF: a JPEG as it is, everything else without a loss."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream
from PIL import Image

from textmill.media.image import orientation_of
from textmill.media.pdf_geometry import POINTS_PER_INCH, PageFrame
from textmill.page import PageImage

_ASSUMED_DPI = 200
"""Of a picture that does not say how large it is on paper."""
_LONGEST_SIDE = 14_400.0
"""Points that a page may have across or down (PDF 32000-1:2008, annex C)."""
_PNG_PREDICTORS = 15
_COLOUR_SPACES = {"L": Name.DeviceGray, "1": Name.DeviceGray, "RGB": Name.DeviceRGB}

Matrix = tuple[float, float, float, float, float, float]


def picture_frame(page: PageImage) -> PageFrame:
    """Return the frame of the PDF page for a picture: as large as its resolution says."""
    dpi = max(page.dpi or _ASSUMED_DPI, max(page.width, page.height) * POINTS_PER_INCH / _LONGEST_SIDE)
    scale = POINTS_PER_INCH / dpi
    return PageFrame(0.0, 0.0, page.width * scale, page.height * scale, 0, dpi)


def add_picture_page(pdf: Pdf, frame: PageFrame, picture: Any | None, matrix: Matrix | None = None) -> Any:
    """Append a page that shows a picture, or nothing; returns the page.

    Args:
        matrix: from the unit square of the picture to the page; None for the whole page.
    """
    content, resources = b"", Dictionary()
    if picture is not None:
        numbers = matrix or (frame.right, 0.0, 0.0, frame.top, 0.0, 0.0)
        content = f"q {' '.join(f'{number:.4f}' for number in numbers)} cm /Picture Do Q\n".encode("ascii")
        resources = Dictionary(XObject=Dictionary(Picture=picture))
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, round(frame.right, 4), round(frame.top, 4)]),
        Resources=resources,
        Contents=pdf.make_indirect(Stream(pdf, content)),
    )
    pdf.pages.append(Page(pdf.make_indirect(page)))
    return pdf.pages[-1]


def jpeg_picture(pdf: Pdf, path: Path) -> tuple[Any, int, int] | None:
    """Return a JPEG file as a picture with its orientation tag and its bytes; None if it is no plain JPEG."""
    with path.open("rb") as file, Image.open(file, formats=["JPEG"]) as image:
        if image.format != "JPEG" or image.mode not in ("L", "RGB"):
            return None
        orientation = orientation_of(image)
        width, height, mode = image.width, image.height, image.mode
    data = path.read_bytes()
    picture = Stream(pdf, data, _picture_dictionary(width, height, mode, bits=8, Filter=Name.DCTDecode))
    return pdf.make_indirect(picture), orientation, len(data)


def lossless_picture(pdf: Pdf, page: PageImage) -> tuple[Any, int]:
    """Return the pixels of a page as a picture, and how many bytes it has."""
    image = _narrowest(Image.fromarray(page.pixels[:, :, ::-1]))
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    bits, colours = (1, 1) if image.mode == "1" else (8, len(image.getbands()))
    # A PNG's data is what FlateDecode takes, with PNG's own predictors (PDF 32000-1:2008, 7.4.4.4).
    parameters = Dictionary(
        Predictor=_PNG_PREDICTORS, Colors=colours, BitsPerComponent=bits, Columns=image.width
    )
    data = _png_data(encoded.getbuffer())
    entries = _picture_dictionary(
        image.width, image.height, image.mode, bits=bits, Filter=Name.FlateDecode, DecodeParms=parameters
    )
    return pdf.make_indirect(Stream(pdf, data, entries)), len(data)


def upright_matrix(orientation: int, width: float, height: float) -> Matrix:
    """Return the matrix that shows a stored picture as its orientation tag says (EXIF 2.3, tag 274).

    Args:
        width, height: of the page on which it is shown upright, in points.
    """
    w, h = width, height
    return {
        2: (-w, 0.0, 0.0, h, w, 0.0),
        3: (-w, 0.0, 0.0, -h, w, h),
        4: (w, 0.0, 0.0, -h, 0.0, h),
        5: (0.0, -h, -w, 0.0, w, h),
        6: (0.0, -h, w, 0.0, 0.0, h),
        7: (0.0, h, w, 0.0, 0.0, 0.0),
        8: (0.0, h, -w, 0.0, w, 0.0),
    }.get(orientation, (w, 0.0, 0.0, h, 0.0, 0.0))


def _picture_dictionary(width: int, height: int, mode: str, *, bits: int, **entries: Any) -> Any:
    return Dictionary(
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=width,
        Height=height,
        ColorSpace=_COLOUR_SPACES[mode],
        BitsPerComponent=bits,
        **entries,
    )


def _narrowest(image: Image.Image) -> Image.Image:
    """Return a picture with no more channels and bits than it needs."""
    red, green, blue = image.split()
    if red.tobytes() != green.tobytes() or red.tobytes() != blue.tobytes():
        return image
    histogram = red.histogram()
    return red.convert("1", dither=Image.Dither.NONE) if not any(histogram[1:255]) else red


def _png_data(png: memoryview) -> bytes:
    """Return the compressed pixels of a PNG file (ISO/IEC 15948, 5.3)."""
    position, pieces = 8, []
    while position < len(png):
        length, kind = struct.unpack(">I4s", png[position : position + 8])
        if kind == b"IDAT":
            pieces.append(bytes(png[position + 8 : position + 8 + length]))
        position += 12 + length
    return b"".join(pieces)

"""Where things lie on a PDF page: from points of its user space to pixels of the page as it is shown.

User space has its origin at the bottom left and its y axis upwards; a page may be turned by quarters
(`/Rotate`) and cut to a crop box (PDF 32000-1:2008, 7.7.3.3 and 8.3.2). Pixels are counted from the top left
of what is shown. Units of the user's own (`/UserUnit`) are left out of account, as poppler and pdfium do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pypdfium2.raw as pdfium_c

POINTS_PER_INCH = 72.0
_COVERING = 0.8
"""An image over at least this share of the page is a scan of the page."""
_MAX_NESTING = 8
"""Drawings within drawings that are looked into."""
_MAX_OBJECTS = 50_000
"""Objects of a page that are looked at."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""
Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class PageFrame:
    """What of a page is shown, and at which resolution.

    Attributes:
        left, bottom, right, top: the visible box in user space, in points, before the page is turned.
        turn: degrees clockwise by which the page is shown turned; a multiple of 90.
        dpi: pixels per inch.
    """

    left: float
    bottom: float
    right: float
    top: float
    turn: int
    dpi: float

    @cached_property
    def width(self) -> int:
        """Pixels across."""
        side = self.top - self.bottom if self.turn % 180 else self.right - self.left
        return _pixels(side, self.dpi)

    @cached_property
    def height(self) -> int:
        """Pixels down."""
        side = self.right - self.left if self.turn % 180 else self.top - self.bottom
        return _pixels(side, self.dpi)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel at which a point of user space is shown."""
        scale = self.dpi / POINTS_PER_INCH
        match self.turn:
            case 90:
                return (y - self.bottom) * scale, (x - self.left) * scale
            case 180:
                return (self.right - x) * scale, (y - self.bottom) * scale
            case 270:
                return (self.top - y) * scale, (self.right - x) * scale
            case _:
                return (x - self.left) * scale, (self.top - y) * scale

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Return the pixels over which an upright box of user space is shown."""
        if not self.turn:
            scale = self.dpi / POINTS_PER_INCH
            return (
                (left - self.left) * scale,
                (self.top - top) * scale,
                (right - self.left) * scale,
                (self.top - bottom) * scale,
            )
        x0, y0 = self.point(left, bottom)
        x1, y1 = self.point(right, top)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _pixels(points: float, dpi: float) -> int:
    """Round up, as poppler does; a hair more than a whole number is a matter of floating point."""
    return max(1, math.ceil(points * dpi / POINTS_PER_INCH - 1e-3))


@dataclass(frozen=True)
class PlacedImage:
    """An image on a page.

    Attributes:
        box: what it covers of the visible page, in pixels.
        dpi: its pixels per inch of paper, in the direction in which it has more of them.
    """

    box: Box
    dpi: float


def frame_of(page: Any, dpi: float) -> PageFrame:
    """Return the frame of a pdfium page."""
    left, bottom, right, top = page.get_bbox()
    return PageFrame(left, bottom, right, top, page.get_rotation() % 360, dpi)


def affordable_dpi(width: float, height: float, dpi: int, pixel_budget: int) -> int:
    """Return `dpi`, or the highest resolution below it at which the page stays within the budget, from 1.

    Args:
        width, height: of the page, in points.
    """
    inches = (width / POINTS_PER_INCH) * (height / POINTS_PER_INCH)
    if inches * dpi**2 <= pixel_budget:
        return dpi
    return max(1, math.floor(math.sqrt(pixel_budget / inches)))


def images_of(page: Any, frame: PageFrame) -> list[PlacedImage]:
    """Return the images on a page of which anything can be seen, also those within drawings."""
    images = []
    for one, matrix in _objects(page.raw, _IDENTITY, 0, [0]):
        if pdfium_c.FPDFPageObj_GetType(one) != pdfium_c.FPDF_PAGEOBJ_IMAGE:
            continue
        image = _placed(one, matrix, frame)
        if image is not None:
            images.append(image)
    return images


def scan_dpi(images: list[PlacedImage], frame: PageFrame) -> float | None:
    """Return the resolution of the scan that fills the page; None when no image does.

    Scanners that take a page apart into layers put several images over it: the finest counts.
    """
    page_area = frame.width * frame.height
    covering = [image.dpi for image in images if area(image.box) >= _COVERING * page_area]
    return max(covering, default=None)


def area(box: Box) -> float:
    """Return the area of a box in square pixels."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def objects_of(page: Any) -> Iterator[Any]:
    """Yield the handles of what is drawn on a page, also within drawings; bounded in depth and number."""
    for one, _ in _objects(page.raw, _IDENTITY, 0, [0]):
        yield one


_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def _objects(parent: Any, outer: Matrix, depth: int, seen: list[int]) -> Iterator[tuple[Any, Matrix]]:
    count, get = (
        (pdfium_c.FPDFFormObj_CountObjects, pdfium_c.FPDFFormObj_GetObject)
        if depth
        else (pdfium_c.FPDFPage_CountObjects, pdfium_c.FPDFPage_GetObject)
    )
    for index in range(count(parent)):
        seen[0] += 1
        if seen[0] > _MAX_OBJECTS:
            return
        one = get(parent, index)
        if not one:
            continue
        matrix = _times(_matrix(one), outer)
        if pdfium_c.FPDFPageObj_GetType(one) == pdfium_c.FPDF_PAGEOBJ_FORM and depth < _MAX_NESTING:
            yield from _objects(one, matrix, depth + 1, seen)
        else:
            yield one, matrix


def _matrix(one: Any) -> Matrix:
    found = pdfium_c.FS_MATRIX()
    if not pdfium_c.FPDFPageObj_GetMatrix(one, found):
        return _IDENTITY
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(inner: Matrix, outer: Matrix) -> Matrix:
    """Return the matrix that applies `inner` first (PDF 32000-1:2008, 8.3.4)."""
    a, b, c, d, e, f = inner
    u, v, w, x, y, z = outer
    return a * u + b * w, a * v + b * x, c * u + d * w, c * v + d * x, e * u + f * w + y, e * v + f * x + z


def _placed(image: Any, matrix: Matrix, frame: PageFrame) -> PlacedImage | None:
    """An image fills the unit square of its own space (PDF 32000-1:2008, 8.9.5)."""
    import ctypes

    across, down = ctypes.c_uint(), ctypes.c_uint()
    if not pdfium_c.FPDFImageObj_GetImagePixelSize(image, across, down):
        return None
    a, b, c, d, e, f = matrix
    xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
    left, top, right, bottom = frame.box(min(xs), min(ys), max(xs), max(ys))
    box = max(0.0, left), max(0.0, top), min(float(frame.width), right), min(float(frame.height), bottom)
    lengths = math.hypot(a, b), math.hypot(c, d)
    if not area(box) or not min(lengths):
        return None
    pixels = across.value / lengths[0], down.value / lengths[1]
    return PlacedImage(box, max(pixels) * POINTS_PER_INCH)

"""Pixels to file bytes, always without dates, so that equal pixels give equal files."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from tools.make_samples.pixels import Pixels


def png(pixels: Pixels, dpi: int, *, greys: int) -> bytes:
    """Greyscale PNG with `greys` levels; few levels keep a noisy page small."""
    step = 255 / (greys - 1)
    levels = [round(round(level / step) * step) for level in range(256)]
    grey = Image.fromarray(pixels).convert("L").point(levels)
    return _saved(grey.quantize(greys), "PNG", dpi=(dpi, dpi), optimize=True)


def jpeg(pixels: Pixels, dpi: int, *, quality: int, colour: bool) -> bytes:
    """JPEG, in colour or grey."""
    image = Image.fromarray(pixels).convert("RGB" if colour else "L")
    return _saved(image, "JPEG", dpi=(dpi, dpi), quality=quality, optimize=True)


def tiff_fax(pixels: Pixels, dpi: int, *, threshold: int) -> bytes:
    """Bilevel TIFF, CCITT group 4: what is darker than `threshold` becomes black."""
    return _saved(_bilevel(pixels, threshold), "TIFF", dpi=(dpi, dpi), compression="group4")


def tiff_grey(pixels: Pixels, dpi: int) -> bytes:
    """Greyscale TIFF, compressed without loss."""
    image = Image.fromarray(pixels).convert("L")
    return _saved(image, "TIFF", dpi=(dpi, dpi), compression="tiff_adobe_deflate")


def pdf_of_greys(pages: Sequence[Pixels], dpi: int, *, quality: int) -> bytes:
    """A scanned PDF: each page is one grey JPEG and nothing else."""
    return _pdf([Image.fromarray(page).convert("L") for page in pages], dpi, quality=quality)


def pdf_of_faxes(pages: Sequence[Pixels], dpi: int, *, threshold: int) -> bytes:
    """A scanned PDF of bilevel pages, CCITT group 4, as office copiers write it."""
    return _pdf([_bilevel(page, threshold) for page in pages], dpi)


def _pdf(images: Sequence[Image.Image], dpi: int, **options: object) -> bytes:
    undated = {"creationDate": None, "modDate": None}
    first, *others = images
    return _saved(first, "PDF", resolution=dpi, save_all=True, append_images=others, **undated, **options)


def _bilevel(pixels: Pixels, threshold: int) -> Image.Image:
    grey = Image.fromarray(pixels).convert("L")
    return grey.point([255 * (level >= threshold) for level in range(256)], mode="1")


def _saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, file_format, **options)
    return target.getvalue()

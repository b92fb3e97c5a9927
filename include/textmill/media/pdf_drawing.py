"""Draw single pages of a PDF with pdf2image (poppler's pdftoppm), in a process that can be given up."""

from __future__ import annotations

import math
from typing import Any

from PIL import UnidentifiedImageError

from textmill.errors import DamagedPdf, PageTimeout
from textmill.media.medium import MediaOptions


def draw_page(path: str, page_no: int, dpi: int, *, name: str, options: MediaOptions) -> Any:
    """Return the page as a uint8 array of shape (height, width, 3), channels in the order blue, green, red.

    Raises:
        DamagedPdf: poppler draws nothing.
        PageTimeout: it takes too long.
        OSError, MemoryError: faults of this machine, not of the page.
    """
    import numpy as np

    image = _drawn(path, page_no, dpi, name, options)
    options.refuse_pixels(name, image.width, image.height, page_no)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


def _drawn(path: str, page_no: int, dpi: int, name: str, options: MediaOptions) -> Any:
    from pdf2image import convert_from_path
    from pdf2image.exceptions import PDFPopplerTimeoutError

    try:
        images = convert_from_path(
            path,
            dpi=dpi,
            first_page=page_no,
            last_page=page_no,
            timeout=math.ceil(options.page_timeout_seconds),
            # The size that was allowed for is that of the crop box; the media box may be vastly larger.
            use_cropbox=True,
        )
    except PDFPopplerTimeoutError as error:
        raise PageTimeout(
            f"{name}, page {page_no}: drawing took longer than the {options.page_timeout_seconds:g} s that "
            f"TEXTMILL_PAGE_TIMEOUT_SECONDS allows.",
            page_no=page_no,
        ) from error
    except UnidentifiedImageError as error:
        raise undrawable(name, page_no, str(error)) from error
    except (OSError, MemoryError):
        raise
    except Exception as error:  # pdf2image raises several unrelated classes, some of them bare Exception
        raise undrawable(name, page_no, str(error)) from error
    if not images:
        raise undrawable(name, page_no, "pdftoppm drew nothing")
    return images[0]


def undrawable(name: str, page_no: int, detail: str) -> DamagedPdf:
    """Return the error that says so."""
    return DamagedPdf(
        f"{name}, page {page_no}: the page is damaged and cannot be drawn.", page_no=page_no, detail=detail
    )

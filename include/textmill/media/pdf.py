"""PDF documents as media: each page is drawn by poppler when it is asked for, never the whole document."""

from __future__ import annotations

import math
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import UnidentifiedImageError

from textmill.errors import DamagedPdf, PageTimeout, PasswordProtected
from textmill.media.medium import MediaOptions
from textmill.page import PageImage

_POINTS_PER_INCH = 72.0
_PASSWORD_COMPLAINT = "incorrect password"  # noqa: S105  # what pdfinfo prints, no password


class PdfMedium:
    """A PDF drawn page by page with pdf2image (poppler's pdftoppm)."""

    def __init__(self, path: Path, *, name: str, options: MediaOptions) -> None:
        self._path = path
        self._name = name
        self._dpi = options.dpi
        self._options = options
        self.page_count = self._count_pages()
        options.refuse_pages(name, self.page_count)

    def __enter__(self) -> PdfMedium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def page(self, page_no: int) -> PageImage:
        """Draw one page, at a lower resolution when it would exceed the pixel budget."""
        import numpy as np

        dpi = self._affordable_dpi(page_no)
        image = self._draw(page_no, dpi)
        self._options.refuse_pixels(self._name, image.width, image.height, page_no)
        pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
        return PageImage(page_no, pixels, dpi)

    def _count_pages(self) -> int:
        pages = int(self._info().get("Pages", 0))
        if pages < 1:
            raise DamagedPdf(f"{self._name} is a PDF without pages.")
        return pages

    def _info(self, page_no: int | None = None) -> dict[str, Any]:
        from pdf2image import pdfinfo_from_path
        from pdf2image.exceptions import PDFInfoNotInstalledError, PDFPopplerTimeoutError

        try:
            info: dict[str, Any] = pdfinfo_from_path(
                str(self._path),
                first_page=page_no,
                last_page=page_no,
                timeout=math.ceil(self._options.page_timeout_seconds),
            )
        except (PDFInfoNotInstalledError, OSError, MemoryError):
            raise  # faults of this machine, not of the document: the task fails
        except PDFPopplerTimeoutError as error:
            raise self._too_slow(page_no) from error
        except Exception as error:  # pdf2image raises several unrelated classes, some of them bare Exception
            raise self._refusal(str(error)) from error
        return info

    def _refusal(self, complaint: str) -> DamagedPdf | PasswordProtected:
        if _PASSWORD_COMPLAINT in complaint.lower():
            return PasswordProtected(
                f"{self._name} can only be opened with a password. Save it without one and put it back.",
                detail=complaint,
            )
        return DamagedPdf(
            f"{self._name} starts like a PDF but its structure is damaged or cut off: no page can be found.",
            detail=complaint,
        )

    def _affordable_dpi(self, page_no: int) -> int:
        width, height = self._page_size_points(page_no)
        inches = (width / _POINTS_PER_INCH) * (height / _POINTS_PER_INCH)
        if inches * self._dpi**2 <= self._options.page_pixel_budget:
            return self._dpi
        return max(1, math.floor(math.sqrt(self._options.page_pixel_budget / inches)))

    def _page_size_points(self, page_no: int) -> tuple[float, float]:
        info = self._info(page_no)
        declared = str(info.get(f"Page {page_no:>4} size") or info.get("Page size") or "")
        if not declared:
            sizes = [str(value) for key, value in info.items() if key.startswith("Page ") and "size" in key]
            declared = sizes[0] if sizes else ""
        try:
            width, _, height = declared.split()[:3]
            return float(width), float(height)
        except ValueError:
            raise DamagedPdf(
                f"{self._name}, page {page_no}: the page has no size.", page_no=page_no, detail=declared
            ) from None

    def _draw(self, page_no: int, dpi: int) -> Any:
        from pdf2image import convert_from_path
        from pdf2image.exceptions import PDFPopplerTimeoutError

        try:
            images = convert_from_path(
                str(self._path),
                dpi=dpi,
                first_page=page_no,
                last_page=page_no,
                timeout=math.ceil(self._options.page_timeout_seconds),
                # pdfinfo tells the size of the crop box; the media box may be vastly larger.
                use_cropbox=True,
            )
        except PDFPopplerTimeoutError as error:
            raise self._too_slow(page_no) from error
        except UnidentifiedImageError as error:
            raise self._undrawable(page_no, str(error)) from error
        except (OSError, MemoryError):
            raise  # no process, no memory: faults of this machine, not of the page
        except Exception as error:  # as above
            raise self._undrawable(page_no, str(error)) from error
        if not images:
            raise self._undrawable(page_no, "pdftoppm drew nothing")
        return images[0]

    def _undrawable(self, page_no: int, detail: str) -> DamagedPdf:
        return DamagedPdf(
            f"{self._name}, page {page_no} of {self.page_count}: the page is damaged and cannot be drawn.",
            page_no=page_no,
            detail=detail,
        )

    def _too_slow(self, page_no: int | None) -> PageTimeout:
        where = f", page {page_no}" if page_no else ""
        return PageTimeout(
            f"{self._name}{where}: drawing took longer than the "
            f"{self._options.page_timeout_seconds:g} s that TEXTMILL_PAGE_TIMEOUT_SECONDS allows.",
            page_no=page_no,
        )

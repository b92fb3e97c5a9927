"""PDF documents as media: the text that a page carries where it can be trusted, else the page drawn.

Pages are loaded, judged and drawn one at a time, and in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import pypdfium2.raw as pdfium_c
from pypdfium2 import PdfiumError

from textmill.errors import DamagedPdf, MediumError, TooManyPixels
from textmill.media import pdf_colour
from textmill.media.medium import MediaOptions
from textmill.media.pdf_drawing import draw_page, undrawable
from textmill.media.pdf_geometry import PageFrame, affordable_dpi, frame_of, images_of, scan_dpi
from textmill.media.pdf_opening import open_pdf, repair
from textmill.media.pdf_text import LoadedPage, written_page
from textmill.media.text_layer import read_text_layer
from textmill.page import Page, PageImage, WrittenPage

_PAGES_BETWEEN_REOPENINGS = 200
_FINER_BY = 1.05
"""A scan must have this many times the pixels asked for to be drawn at its own resolution."""


class PdfMedium:
    """A PDF read page by page: text with pdfium, pictures with poppler's pdftoppm."""

    def __init__(self, path: Path, *, name: str, options: MediaOptions) -> None:
        self._path = path
        self._name = name
        self._options = options
        self._opened = open_pdf(path, name=name, options=options)
        self._pages_loaded = 0
        self.page_count = len(self._opened.document)
        try:
            options.refuse_pages(name, self.page_count)
        except MediumError:
            self._opened.close()
            raise

    def __enter__(self) -> PdfMedium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def page(self, page_no: int) -> Page:
        """Return the page with its text where that can be trusted, else drawn, smaller where it must be."""
        try:
            return self._page(page_no)
        except DamagedPdf:
            if not self._mend():
                raise
        return self._page(page_no)

    def _page(self, page_no: int) -> Page:
        with self._loaded(page_no) as loaded:
            written = written_page(loaded, self._options)
            dpi, why = self._resolution(loaded)
            is_grey = loaded.own_runs is None and pdf_colour.is_grey(loaded.page)
        remarks = (*self._opened.remarks, *written.remarks)
        if isinstance(written, WrittenPage):
            return replace(written, remarks=remarks)
        pixels = draw_page(
            self._opened.path, page_no, dpi, name=self._name, options=self._options, is_grey=is_grey
        )
        return PageImage(page_no, pixels, dpi, remarks=(*remarks, *why))

    # --- loading -----------------------------------------------------------------------------------

    @contextmanager
    def _loaded(self, page_no: int) -> Iterator[LoadedPage]:
        """Yield a page with what is drawn upon it (values of a form, notes) made part of it."""
        self._pages_loaded += 1
        if self._pages_loaded % _PAGES_BETWEEN_REOPENINGS == 0:
            self._opened.forget_pages()
        page = self._load(page_no)
        own_runs = None
        if _has_annotations(page):
            own_runs = len(read_text_layer(page, frame_of(page, self._options.dpi)).runs)
            pdfium_c.FPDFPage_Flatten(page.raw, pdfium_c.FLAT_NORMALDISPLAY)
            page.close()
            page = self._load(page_no)
        try:
            width, height = page.get_size()
            dpi = affordable_dpi(width, height, self._options.dpi, self._options.page_pixel_budget)
            frame = frame_of(page, dpi)
            self._refuse_impossible(page_no, frame)
            yield LoadedPage(page_no, page, frame, images_of(page, frame), own_runs)
        finally:
            page.close()

    def _load(self, page_no: int) -> Any:
        try:
            return self._opened.document[page_no - 1]
        except PdfiumError as error:
            raise undrawable(self._name, page_no, str(error)) from error

    def _mend(self) -> bool:
        """Go on with a repaired copy; False where there is none that has as many pages."""
        if self._opened.is_copy:
            return False
        try:
            mended = repair(self._path, name=self._name, options=self._options)
        except MediumError:
            return False
        if len(mended.document) != self.page_count:
            mended.close()
            return False
        self._opened.close()
        self._opened = mended
        return True

    def _refuse_impossible(self, page_no: int, frame: PageFrame) -> None:
        if frame.width * frame.height > self._options.max_pixels:
            raise TooManyPixels(
                f"{self._name}, page {page_no}: drawn as coarsely as can be, the page still has "
                f"{frame.width:,} x {frame.height:,} pixels, more than the {self._options.max_pixels:,} that "
                f"TEXTMILL_MAX_PIXELS allows.",
                page_no=page_no,
            )

    # --- drawing -----------------------------------------------------------------------------------

    def _resolution(self, loaded: LoadedPage) -> tuple[int, tuple[str, ...]]:
        """Return the resolution at which to draw a page, and why it is not the one asked for.

        A scan that is coarser than that is enlarged all the same. PaddleOCR reads it neither better nor worse
        for it, but Tesseract found 51 % of the words of a 72 dpi scan as it was, and 99 % of them at 200 dpi.
        """
        asked, budget = self._options.dpi, self._options.page_pixel_budget
        scan = scan_dpi(loaded.images, loaded.frame)
        wanted, why = asked, ""
        if scan is not None and scan > asked * _FINER_BY:
            wanted, why = round(scan), ", the resolution of its scan"
        width, height = loaded.page.get_size()
        dpi = affordable_dpi(width, height, wanted, budget)
        if dpi < wanted:
            why = f", since {wanted} dpi exceed TEXTMILL_PAGE_PIXEL_BUDGET"
        if dpi == asked:
            coarse = scan is not None and scan * _FINER_BY < asked
            return dpi, (f"drawn at {dpi} dpi from a scan of {round(scan or 0)}",) if coarse else ()
        return dpi, (f"drawn at {dpi} dpi instead of {asked}{why}",)


def _has_annotations(page: Any) -> bool:
    """Tell whether anything is drawn upon the page: links and notes that pop up are not."""
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(page.raw)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        pdfium_c.FPDFPage_CloseAnnot(annotation)
        if kind not in (pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP):
            return True
    return False

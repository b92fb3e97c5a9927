"""Put a searchable PDF together: from a PDF, which keeps its pages, or from pictures."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pikepdf

from textmill.errors import DamagedPdf, ExportError, MediumError
from textmill.exports.pdf.invisible_font import InvisibleFont
from textmill.exports.pdf.pictures import (
    add_picture_page,
    jpeg_picture,
    lossless_picture,
    picture_frame,
    upright_matrix,
)
from textmill.exports.pdf.placing import Placing
from textmill.exports.pdf.request import PdfAnswer, PdfRequest
from textmill.exports.pdf.text_layer import FONT_NAME, text_operators
from textmill.media.image import ImageMedium
from textmill.media.medium import MediaOptions
from textmill.media.pdf_geometry import POINTS_PER_INCH, PageFrame, frame_of
from textmill.media.pdf_opening import OpenedPdf, open_pdf, repair
from textmill.page import PageImage
from textmill.records import Kind, PageRecord

_PART_BYTES = 64 * 1024**2
"""Pictures held in memory before they are written to a file of their own."""
_A4 = PageFrame(0.0, 0.0, 595.0, 842.0, 0, POINTS_PER_INCH)

Records = Iterable[PageRecord]
"""The pages that were read, in order; they are asked for again where a damaged original is."""


def build_pdf(request: PdfRequest, records: Records, options: MediaOptions) -> PdfAnswer:
    """Write the PDF of a request.

    Raises:
        MediumError: the original cannot be opened.
        ExportError: it is neither a picture nor a PDF, or cannot be written anew.
    """
    match request.kind:
        case Kind.PDF:
            return _from_pdf(request, records, options)
        case Kind.IMAGE:
            return _from_pictures(request, records, options)
        case _:
            raise ExportError(f"{request.name} is neither a picture nor a PDF: it has no pages to show.")


# --- a PDF keeps its pages ---------------------------------------------------------------------------------


def _from_pdf(request: PdfRequest, records: Records, options: MediaOptions) -> PdfAnswer:
    path = Path(request.original)
    opened = open_pdf(path, name=request.name, options=options)
    try:
        return _with_text(opened, request, records, options)
    except pikepdf.PdfError:
        # pdfium reads files in which qpdf misses something; what qpdf has mended both can read.
        opened.close()
        opened = repair(path, name=request.name, options=options)
        return _with_text(opened, request, records, options)
    finally:
        opened.close()


def _with_text(opened: OpenedPdf, request: PdfRequest, records: Records, options: MediaOptions) -> PdfAnswer:
    with pikepdf.open(opened.path) as pdf:
        count = len(pdf.pages)
        options.refuse_pages(request.name, count)
        if count != len(opened.document):
            raise DamagedPdf(f"{request.name} is damaged: its pages cannot be told. Get the file again.")
        font = InvisibleFont(pdf)
        with_text = 0
        for record in records:
            # What a page carries itself is selectable already.
            if record.text_source != "ocr" or record.page_no > count:
                continue
            with _bounded(options.page_timeout_seconds):
                placing = Placing.of(record, _frame_in(opened, record.page_no))
                with_text += _lay_text(pdf.pages[record.page_no - 1], placing, record, font)
        font.finish()
        pdf.save(request.out, encryption=False)
    return PdfAnswer(pages=count, pages_with_text=with_text)


def _frame_in(opened: OpenedPdf, page_no: int) -> PageFrame:
    page = opened.document[page_no - 1]
    try:
        return frame_of(page, POINTS_PER_INCH)
    finally:
        page.close()


def _lay_text(page: Any, placing: Placing, record: PageRecord, font: InvisibleFont) -> bool:
    operators = text_operators(record, placing, font)
    if not operators:
        return False
    page.add_resource(font.object, pikepdf.Name.Font, pikepdf.Name(FONT_NAME))
    # In front of what the page draws: whatever that leaves the graphics state in, it does not matter here.
    page.contents_add(operators, prepend=True)
    return True


# --- pictures become pages ---------------------------------------------------------------------------------


def _from_pictures(request: PdfRequest, records: Records, options: MediaOptions) -> PdfAnswer:
    path = Path(request.original)
    with_text, missing = 0, []
    with (
        ImageMedium(path, name=request.name, options=options) as medium,
        TemporaryDirectory(prefix="textmill-pdf-", dir=Path(request.pages).parent) as folder,
    ):
        book = _PictureBook(Path(folder))
        for page_no, record in _by_number(records, medium.page_count):
            with _bounded(options.page_timeout_seconds):
                page = _decoded(medium, page_no)
                if page is None:
                    missing.append(page_no)
                with_text += book.add(page, record, path if medium.page_count == 1 else None)
        book.save(Path(request.out))
    return PdfAnswer(pages=medium.page_count, pages_with_text=with_text, pages_missing=tuple(missing))


def _by_number(records: Records, count: int) -> Iterator[tuple[int, PageRecord | None]]:
    """Yield the numbers of all pages, each with what was read there."""
    waiting = iter(records)
    record = next(waiting, None)
    for page_no in range(1, count + 1):
        while record is not None and record.page_no < page_no:
            record = next(waiting, None)
        yield page_no, record if record is not None and record.page_no == page_no else None


def _decoded(medium: ImageMedium, page_no: int) -> PageImage | None:
    try:
        return medium.page(page_no)
    except MediumError:
        if medium.page_count == 1:
            raise
        return None  # The page stays, blank: the ones behind it keep their numbers.


class _PictureBook:
    """Pages that are written to files of their own whenever they have become many bytes, and then joined."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: list[Path] = []
        self._begin()

    def add(self, page: PageImage | None, record: PageRecord | None, jpeg: Path | None) -> bool:
        """Append a page; returns whether it has text.

        Args:
            jpeg: the file, if it is all of this picture and may be a JPEG.
        """
        frame = _A4 if page is None else picture_frame(page)
        drawn, matrix = (None, None) if page is None else self._picture(page, frame, jpeg)
        added = add_picture_page(self._pdf, frame, drawn, matrix)
        if page is None or record is None:
            return False
        placing = Placing.of(record, frame, shown_turned=page.rotation)
        has_text = _lay_text(added, placing, record, self._font)
        if self._bytes > _PART_BYTES:
            self._end()
            self._begin()
        return has_text

    def save(self, out: Path) -> None:
        """Write all pages into one file."""
        if not self._parts:
            self._font.finish()
            self._pdf.save(out)
            return
        self._end()
        with pikepdf.Pdf.new() as whole:
            opened = [pikepdf.open(part) for part in self._parts]
            for part in opened:
                whole.pages.extend(part.pages)
            whole.save(out)
            for part in opened:
                part.close()

    def _picture(self, page: PageImage, frame: PageFrame, jpeg: Path | None) -> tuple[Any, Any]:
        as_it_is = None
        if jpeg is not None and _is_jpeg(jpeg):
            as_it_is = jpeg_picture(self._pdf, jpeg)
        if as_it_is is not None:
            picture, orientation, size = as_it_is
            self._bytes += size
            return picture, upright_matrix(orientation, frame.right, frame.top)
        picture, size = lossless_picture(self._pdf, page)
        self._bytes += size
        return picture, None

    def _begin(self) -> None:
        self._pdf = pikepdf.Pdf.new()
        self._font = InvisibleFont(self._pdf)
        self._bytes = 0

    def _end(self) -> None:
        self._font.finish()
        part = self._folder / f"{len(self._parts):05d}.pdf"
        if len(self._pdf.pages):
            self._pdf.save(part)
            self._parts.append(part)
        self._pdf.close()


def _is_jpeg(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == b"\xff\xd8\xff"


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Let a page that hangs in native code end this process: SIGALRM is not caught."""
    signal.alarm(math.ceil(seconds))
    try:
        yield
    finally:
        signal.alarm(0)

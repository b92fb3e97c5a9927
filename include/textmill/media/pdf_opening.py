"""Open a PDF for both of its readers: pdfium, in this process, and poppler, which draws from a path.

A document that is locked or damaged is written anew first (`textmill.media.pdf_repair`), so that both read
the same and no password has to be handed on.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pypdfium2.raw as pdfium_c
from pypdfium2 import PdfDocument, PdfiumError

from textmill.errors import DamagedPdf, PageTimeout, PasswordProtected, UnsupportedFormat
from textmill.media.medium import MediaOptions
from textmill.media.pdf_repair import BeyondRepair, WrongPassword, rewritten

REPAIRED = "repaired"
UNLOCKED = "opened with a password of TEXTMILL_PDF_PASSWORDS_FILE"


@dataclass
class OpenedPdf:
    """A document that pdfium has open.

    Attributes:
        document: pdfium's; pages that are taken from it are to be closed.
        path: from which another process of this account can read the same document.
        remarks: what had to be done to open it.
    """

    document: Any
    path: str
    remarks: tuple[str, ...] = ()
    _source: Path | None = None
    _copy: IO[bytes] | None = None

    @property
    def is_copy(self) -> bool:
        """Whether the document was written anew."""
        return self._copy is not None

    def forget_pages(self) -> None:
        """Open the document again: pdfium keeps fonts and images of pages that were closed long ago."""
        self.document.close()
        self.document = _load(self._copy or self._source)

    def close(self) -> None:
        """Close the document and remove its copy."""
        self.document.close()
        if self._copy is not None:
            self._copy.close()


def open_pdf(path: Path, *, name: str, options: MediaOptions) -> OpenedPdf:
    """Open the document at `path`, written anew where it is damaged or locked.

    Raises:
        PasswordProtected: none of the candidate passwords opens it.
        DamagedPdf: no page of it can be found.
        UnsupportedFormat: it is a form that only Adobe's programs can show.
        PageTimeout: writing it anew took too long.
    """
    opener = _Opener(path, name, options)
    opened = opener.open()
    try:
        _refuse_dynamic_forms(opened, path, name)
    except BaseException:
        opened.close()
        raise
    return opened


def repair(path: Path, *, name: str, options: MediaOptions) -> OpenedPdf:
    """Open the document at `path` written anew, whatever it looks like. Raises as `open_pdf` does."""
    return _Opener(path, name, options).mended()


class _Opener:
    def __init__(self, path: Path, name: str, options: MediaOptions) -> None:
        self._path = path
        self._name = name
        self._options = options

    def open(self) -> OpenedPdf:
        try:
            document = _load(self._path)
        except PdfiumError:
            # What pdfium gives as the reason may be that of an earlier failure: qpdf has to tell.
            try:
                return self.mended()
            except WrongPassword:
                return self._unlocked()
        if _is_sound(document):
            return OpenedPdf(document, str(self._path), _source=self._path)
        try:
            mended = self.mended()
        except DamagedPdf:
            return OpenedPdf(document, str(self._path), _source=self._path)
        document.close()
        return mended

    def mended(self) -> OpenedPdf:
        return self._opened_copy("", REPAIRED)

    def _unlocked(self) -> OpenedPdf:
        for password in self._options.passwords:
            # pdfium knows one encoding of passwords; qpdf tries several, but takes a process each time.
            if password.isascii() and not _opens(self._path, password):
                continue
            with suppress(WrongPassword):
                return self._opened_copy(password, UNLOCKED)
        if self._options.passwords:
            tried = f"None of the {len(self._options.passwords):,} passwords in the file opens it."
        else:
            tried = "No password is known."
        raise self._locked(tried)

    def _opened_copy(self, password: str, remark: str) -> OpenedPdf:
        timeout = self._options.page_timeout_seconds
        try:
            copy = rewritten(self._path, password=password, timeout=timeout)
        except BeyondRepair as error:
            raise self._damaged(str(error)) from None
        except subprocess.TimeoutExpired:
            # Not chained: the exception carries what was sent to the process.
            raise PageTimeout(
                f"{self._name}: repairing or unlocking the document took longer than the {timeout:g} s that "
                f"TEXTMILL_PAGE_TIMEOUT_SECONDS allows."
            ) from None
        try:
            document = _load(copy)
            if not len(document):
                raise self._damaged("no page after the repair")
        except PdfiumError as error:
            copy.close()
            raise self._damaged(str(error)) from error
        except BaseException:
            copy.close()
            raise
        path = f"/proc/{os.getpid()}/fd/{copy.fileno()}"
        return OpenedPdf(document, path, (remark,), _copy=copy)

    def _damaged(self, detail: str) -> DamagedPdf:
        return DamagedPdf(
            f"{self._name} starts like a PDF but its structure is damaged or cut off: no page can be found, "
            f"and repairing it did not help. Get the file again from where it came from.",
            detail=detail,
        )

    def _locked(self, tried: str) -> PasswordProtected:
        return PasswordProtected(
            f"{self._name} can only be opened with a password. {tried} Put its password on a line of its own "
            f"into the file that TEXTMILL_PDF_PASSWORDS_FILE names, or save it without one and put it back."
        )


def _load(source: Path | IO[bytes] | None) -> Any:
    document = PdfDocument(source)
    # Before any page is loaded: pdfium then draws values of forms that bring no drawing of them.
    document.init_forms()
    return document


def _opens(path: Path, password: str) -> bool:
    try:
        PdfDocument(path, password=password).close()
    except PdfiumError:
        return False
    return True


def _is_sound(document: Any) -> bool:
    """Tell whether the document's table of contents was whole and its last page is there."""
    if not pdfium_c.FPDF_DocumentHasValidCrossReferenceTable(document.raw):
        return False
    try:
        # Does not look into the page: one that hangs must not keep the others from being read.
        document.get_page_size(len(document) - 1)
    except PdfiumError:
        return False
    return True


def _refuse_dynamic_forms(opened: OpenedPdf, path: Path, name: str) -> None:
    """The pages of a dynamic XFA form are made by the program that shows it (PDF 1.7, 12.7.8)."""
    import pikepdf

    try:
        with pikepdf.open(opened.path if opened.is_copy else path) as document:
            dynamic = bool(document.Root.get("/NeedsRendering", False))
    except Exception:  # whatever qpdf finds wrong, pdfium has opened the document
        return
    if dynamic:
        raise UnsupportedFormat(
            f"{name} is a dynamic XFA form (Adobe LiveCycle): it holds no pages, only a program that draws "
            f"them. Open it in Adobe Reader, print it to a PDF, and put that in its place."
        )

"""Open a medium as a sequence of page images. Runs in the OCR runtime."""

from __future__ import annotations

from pathlib import Path

from textmill.media.image import ImageMedium
from textmill.media.medium import Medium, PageLimits
from textmill.media.pdf import PdfMedium
from textmill.records import Kind

__all__ = ["Medium", "PageLimits", "open_medium"]


def open_medium(path: Path, kind: Kind, *, name: str, dpi: int, limits: PageLimits) -> Medium:
    """Open the file at `path`.

    Args:
        kind: what the content was found to be.
        name: what the file is called where it came from; it appears in error sentences.
        dpi: resolution at which pages without pixels of their own are drawn.

    Raises:
        MediumError: the file cannot be opened; the subclass says why.
    """
    if kind is Kind.IMAGE:
        return ImageMedium(path, name=name, limits=limits)
    if kind is Kind.PDF:
        return PdfMedium(path, name=name, dpi=dpi, limits=limits)
    raise ValueError(f"No reader for media of kind {kind}; fetching should have refused {name}.")

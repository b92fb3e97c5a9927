"""Open a medium as a sequence of pages. Runs in the OCR runtime."""

from __future__ import annotations

from pathlib import Path

from textmill.media.image import ImageMedium
from textmill.media.medium import MediaOptions, Medium, media_options
from textmill.media.pdf import PdfMedium
from textmill.media.text import TextMedium
from textmill.records import Kind

__all__ = ["MediaOptions", "Medium", "media_options", "open_medium"]


def open_medium(path: Path, kind: Kind, mime: str, *, name: str, options: MediaOptions) -> Medium:
    """Open the file at `path`. Videos are no sequence of pages before they are read: see `media.video`.

    Args:
        kind, mime: what the content was found to be.
        name: what the file is called where it came from; it appears in error sentences.

    Raises:
        MediumError: the file cannot be opened; the subclass says why.
    """
    match kind:
        case Kind.IMAGE:
            return ImageMedium(path, name=name, options=options)
        case Kind.PDF:
            return PdfMedium(path, name=name, options=options)
        case Kind.TEXT:
            return TextMedium(path, mime, name=name, options=options)
        case _:
            raise ValueError(f"No reader for {mime}; fetching should have refused {name}.")

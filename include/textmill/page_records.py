"""From a page that was read to the record that is kept of it."""

from __future__ import annotations

from typing import Literal

from textmill.page import PageImage, PageText, WrittenPage
from textmill.reading.page_reader import PageReader, ReadPage
from textmill.records import PageRecord

_DARKER_BY = 48
"""Grey levels below the page's median at which a pixel counts as ink."""
_BETWEEN_REMARKS = "; "


def read_record(
    sha256: str,
    read: ReadPage,
    reader: PageReader,
    milliseconds: int,
    *,
    start_ms: int | None = None,
    end_ms: int | None = None,
) -> PageRecord:
    """Return the record of a page that `reader` read in `milliseconds`; a video's has its time span."""
    page = read.page
    return _record(
        sha256,
        page,
        read.text,
        ink=ink_share(page),
        preprocessing=_BETWEEN_REMARKS.join(read.steps),
        text_source="ocr",
        engine=reader.engine.name,
        model=reader.engine.model,
        fingerprint=reader.fingerprint,
        milliseconds=milliseconds,
        start_ms=start_ms,
        end_ms=end_ms,
    )


def written_record(sha256: str, page: WrittenPage, milliseconds: int) -> PageRecord:
    """Return the record of a page whose text the medium carried itself."""
    return _record(
        sha256,
        page,
        page.content,
        ink=page.ink,
        preprocessing=_BETWEEN_REMARKS.join(page.remarks),
        text_source=page.source,
        engine=page.reader,
        model=page.model,
        fingerprint=page.fingerprint,
        milliseconds=milliseconds,
    )


def ink_share(page: PageImage) -> float:
    """Return the share of pixels clearly darker than the page's median grey, seen at a quarter of its size.

    Zero on blank paper of any shade; a page of text has one to twenty percent.
    """
    import numpy as np

    # Sums of the three channels, counted: what is asked of a level is asked of 766 instead of all pixels.
    blue, green, red = np.moveaxis(page.pixels[::4, ::4].astype(np.uint16), 2, 0)
    sums = blue + green + red
    counts = np.bincount(sums.ravel(), minlength=3 * 255 + 1)
    levels = np.arange(len(counts)) / 3
    ranks = np.cumsum(counts)
    middles = [(sums.size - 1) // 2, sums.size // 2]
    median = levels[np.searchsorted(ranks, middles, side="right")].mean()
    return float(counts[levels < median - _DARKER_BY].sum() / sums.size)


def _record(
    sha256: str,
    page: PageImage | WrittenPage,
    content: PageText,
    *,
    ink: float,
    preprocessing: str,
    text_source: Literal["ocr", "text_layer", "text_file"],
    engine: str,
    model: str,
    fingerprint: str,
    milliseconds: int,
    start_ms: int | None = None,
    end_ms: int | None = None,
) -> PageRecord:
    return PageRecord(
        sha256=sha256,
        page_no=page.page_no,
        text=content.text,
        confidence=content.confidence,
        confidence_low=content.confidence_low,
        low_line_share=content.low_line_share,
        width=page.width,
        height=page.height,
        dpi=page.dpi,
        rotation=page.rotation,
        ink=ink,
        preprocessing=preprocessing,
        text_source=text_source,
        engine=engine,
        model=model,
        fingerprint=fingerprint,
        milliseconds=milliseconds,
        start_ms=start_ms,
        end_ms=end_ms,
        lines=content.lines,
    )

"""How much faster a written PDF is taken from its text layer than read by OCR, and whether its text is right.

A document of many pages is made; all of its pages are taken from the text layer and compared with what they
were made of, and a few, spread evenly, are read by OCR as well. Both include opening and, for OCR, drawing.
Processor time is compared too: it tells more than the clock on a machine that others use.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import written_pdf
from bench.process_memory import peak_memory_mb
from bench.reading import LANGUAGES, PDF_DPI, effective_settings, make_reader
from textmill.media import MediaOptions, Medium, media_options, open_medium
from textmill.page import PageImage, WrittenPage
from textmill.reading.page_reader import PageReader
from textmill.records import Kind, TextLayerUse

_PAGES = 200
_OCR_PAGES = 6


@dataclass(frozen=True)
class Pace:
    """What some pages took, in seconds a page; `differing` pages have another text than they were made of."""

    pages: int
    clock: float
    processor: float
    differing: int


def take_text(path: Path, texts: Sequence[str], options: MediaOptions) -> Pace:
    """Take every page from the text layer."""
    differing = 0
    clock, processor = time.perf_counter(), _processor_seconds()
    with _opened(path, options) as medium:
        for page_no, text in enumerate(texts, start=1):
            page = medium.page(page_no)
            differing += not isinstance(page, WrittenPage) or page.content.text != text
    return _pace(len(texts), clock, processor, differing)


def read_pages(
    path: Path, texts: Sequence[str], options: MediaOptions, reader: PageReader, page_numbers: Iterable[int]
) -> Pace:
    """Read some pages by OCR."""
    numbers, differing = list(page_numbers), 0
    clock, processor = time.perf_counter(), _processor_seconds()
    with _opened(path, replace(options, text_layer=TextLayerUse.NEVER)) as medium:
        for page_no in numbers:
            page = medium.page(page_no)
            assert isinstance(page, PageImage)
            differing += reader.read(page).text.text != texts[page_no - 1]
    return _pace(len(numbers), clock, processor, differing)


def _opened(path: Path, options: MediaOptions) -> Medium:
    return open_medium(path, Kind.PDF, "application/pdf", name=path.name, options=options)


def _processor_seconds() -> float:
    """Of this process and of those that it started and that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _pace(pages: int, clock: float, processor: float, differing: int) -> Pace:
    return Pace(
        pages,
        (time.perf_counter() - clock) / pages,
        (_processor_seconds() - processor) / pages,
        differing,
    )


def report(taken: Pace, read: Pace | None) -> str:
    """Return the figures as a table in Markdown."""
    rows = [("text layer", taken)] + ([("OCR", read)] if read else [])
    table = [
        "| | pages | ms a page | ms of processor | other text than the source |",
        "|---|---|---|---|---|",
    ]
    table += [
        f"| {name} | {pace.pages} | {pace.clock * 1000:.1f} | {pace.processor * 1000:.1f} | "
        f"{pace.differing} |"
        for name, pace in rows
    ]
    if read:
        table += [
            "",
            f"The text layer is {read.clock / taken.clock:.0f} times as fast by the clock and "
            f"{read.processor / taken.processor:.0f} times by processor time "
            f"(OCR measured on {read.pages} of {taken.pages} pages).",
        ]
    return "\n".join(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns 1 when a page's text differs from what it was made of."""
    parser = argparse.ArgumentParser(prog="python -m bench.text_layer", description=__doc__)
    parser.add_argument(
        "--pages", type=int, default=_PAGES, help="pages of the document (default: %(default)s)"
    )
    parser.add_argument(
        "--ocr-pages",
        type=int,
        default=_OCR_PAGES,
        help="pages read by OCR, 0 for none (default: %(default)s)",
    )
    chosen = parser.parse_args(arguments)
    settings = effective_settings(os.environ)
    options = media_options(settings, dpi=PDF_DPI, languages=LANGUAGES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "written.pdf"
        texts = written_pdf.write(path, chosen.pages)
        taken = take_text(path, texts, options)
        memory = peak_memory_mb()
        read = None
        if chosen.ocr_pages:
            step = max(1, chosen.pages // chosen.ocr_pages)
            numbers = range(1, chosen.pages + 1, step)[: chosen.ocr_pages]
            read = read_pages(path, texts, options, make_reader(settings), numbers)
    print(report(taken, read))
    print(f"\nPeak memory after the text layer of {taken.pages} pages: {memory} MiB.")
    return 1 if taken.differing else 0


if __name__ == "__main__":
    sys.exit(main())

"""Show what becomes of each file in a folder: text, a picture to be read, or a refusal, and why.

Opens every medium as the pipeline would. Pictures are only read with `--read`, which takes seconds a page.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.pairs import TRUTH_SUFFIX
from bench.reading import LANGUAGES, PDF_DPI, effective_settings, make_reader
from textmill.errors import MediumError
from textmill.fetching.sniffing import sniff
from textmill.media import MediaOptions, media_options, open_medium
from textmill.page import Page, WrittenPage
from textmill.reading.page_reader import PageReader
from textmill.records import TextLayerUse

_SAMPLE = 60


@dataclass(frozen=True)
class Fate:
    """What became of one page, or of a whole file that could not be opened (then `page` is empty).

    Attributes:
        outcome: `text_layer`, `text_file`, `ocr` or `refused`.
        remarks: what the page's record will say, or the sentence of the refusal.
    """

    file: str
    page: str
    outcome: str
    size: str
    remarks: str
    sample: str

    @property
    def row(self) -> str:
        """A row of a Markdown table."""
        cells = (self.file, self.page, self.outcome, self.size, self.remarks, self.sample)
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def fates(path: Path, options: MediaOptions, reader: PageReader | None) -> Iterator[Fate]:
    """Yield what becomes of a file, page by page."""
    try:
        found = sniff(path, name=path.name)
        with open_medium(path, found.kind, found.mime, name=path.name, options=options) as medium:
            for page_no in range(1, medium.page_count + 1):
                where = f"{page_no}/{medium.page_count}"
                try:
                    yield _fate(path.name, where, medium.page(page_no), reader)
                except MediumError as error:
                    yield _refusal(path.name, where, error)
    except MediumError as error:
        yield _refusal(path.name, "", error)


def _fate(file: str, where: str, page: Page, reader: PageReader | None) -> Fate:
    size = f"{page.width} x {page.height}"
    remarks, outcome, text = page.remarks, "ocr", ""
    if isinstance(page, WrittenPage):
        outcome, text = page.source, page.content.text
    elif reader is not None:
        read = reader.read(page)
        remarks, text = read.steps, read.text.text
    return Fate(file, where, outcome, size, "; ".join(remarks), _sample(text))


def _refusal(file: str, where: str, error: MediumError) -> Fate:
    return Fate(file, where, "refused", "", f"{error.reason}: {error.message}", "")


def _sample(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SAMPLE else f"{words[:_SAMPLE]}…"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns 2 when the folder is none."""
    parser = argparse.ArgumentParser(prog="python -m bench.what_became", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--read", action="store_true", help="read pictures by OCR too")
    parser.add_argument(
        "--text-layer", type=TextLayerUse, default=TextLayerUse.AUTO, choices=list(TextLayerUse)
    )
    chosen = parser.parse_args(arguments)
    if not chosen.folder.is_dir():
        print(f"error: {chosen.folder} is not a folder.", file=sys.stderr)
        return 2
    settings = effective_settings(os.environ)
    options = media_options(settings, dpi=PDF_DPI, text_layer=chosen.text_layer, languages=LANGUAGES)
    reader = make_reader(settings) if chosen.read else None
    print("| file | page | outcome | pixels | remarks | text |\n|---|---|---|---|---|---|")
    for path in sorted(chosen.folder.iterdir()):
        if path.is_file() and not path.name.endswith(TRUTH_SUFFIX):
            for fate in fates(path, options, reader):
                print(fate.row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

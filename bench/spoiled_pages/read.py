"""Make the labelled set and read it. Runs in the OCR environment.

    python -m bench.spoiled_pages.read [RECEIPTS …]

writes every page, as it was read and with its label, below the state's folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.reading import effective_settings
from bench.spoiled_pages import records
from bench.spoiled_pages.kept import FOLDER, write
from bench.spoiled_pages.pictures import specimens
from bench.spoiled_pages.reading import read_all
from bench.spoiled_pages.specimens import LabelledPage
from textmill.settings import Settings

_REPOSITORY = Path(__file__).resolve().parents[2]


def labelled_pages(receipts: Sequence[Path], settings: Settings, folder: Path) -> Iterator[LabelledPage]:
    """Yield the whole set: pictures, text files, text layers, and what is made from records."""
    pictures = specimens(_REPOSITORY / "samples", receipts, settings)
    read = list(read_all(pictures, settings, folder / "readings.jsonl"))
    yield from read
    yield from records.text_files(_REPOSITORY, settings)
    yield from records.text_layers(_REPOSITORY, settings)
    yield from records.prose(settings, spoiled=False)
    yield from records.prose(settings, spoiled=True)
    good = [one for one in read if not one.flaw and not one.base.startswith("receipts/")]
    yield from records.made_from(good)


def main() -> None:
    """Command line."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    settings = effective_settings(os.environ)
    receipts = [Path(argument) for argument in sys.argv[1:]]
    count = write(FOLDER / "pages.jsonl.gz", labelled_pages(receipts, settings, FOLDER))
    print(f"{count} pages in {FOLDER / 'pages.jsonl.gz'}")


if __name__ == "__main__":
    main()

"""Judge the labelled set that was read, and report. Runs in the Airflow environment.

    python -m bench.spoiled_pages.judge [--out FILE.md] [--fixture]

`--fixture` also renews the part of the set that the tests judge: pages that were drawn or written for it.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from bench.spoiled_pages.judging import judge
from bench.spoiled_pages.kept import FIXTURE, FOLDER, read, write
from bench.spoiled_pages.report import as_markdown
from bench.spoiled_pages.scores import counts
from textmill.settings import load

_NOT_OURS = "receipts/"


def main() -> int:
    """Command line; returns the exit status."""
    options = _parser().parse_args()
    found = FOLDER / "pages.jsonl.gz"
    if not found.exists():
        print(f"error: {found} is not there: read the set first, with make bench-gate.", file=sys.stderr)
        return 2
    pages = list(read(found))
    labels = [page for page in pages if counts(page)]
    began = time.process_time()
    judged = list(judge(labels, load()))
    seconds = time.process_time() - began
    report = as_markdown(judged, len(pages) - len(labels), load())
    print(report)
    print(f"{len(labels) / seconds:.0f} pages a second of processor time")
    if options.out:
        options.out.write_text(report, encoding="utf-8")
    if options.fixture:
        write(FIXTURE, (label for label in labels if not label.base.startswith(_NOT_OURS)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.spoiled_pages.judge", description=__doc__)
    parser.add_argument("--out", metavar="FILE.md", type=Path, help="write the report here")
    parser.add_argument("--fixture", action="store_true", help="renew what the tests judge")
    return parser


if __name__ == "__main__":
    sys.exit(main())

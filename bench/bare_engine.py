"""Measure the engine alone: N processes, one engine each, and all pages of a folder in a queue between them.

No Airflow, no staging area, no checkpoint, no database: this is as fast as the pipeline's engine and media
modules can go on this machine. Runs in the OCR environment; the last line on standard output is a `Reading`
as JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from bench.corpus import find_originals
from bench.measurements import Reading
from bench.open_media import OpenMedia
from bench.process_memory import peak_memory_mb
from bench.reading import effective_settings, make_reader, text_of
from textmill.lifeline import die_with_parent

_LOAD_SECONDS = 300.0

PageKey = tuple[Path, int]
"""File and page number, from 1."""


@dataclass(frozen=True)
class Share:
    """What one process did."""

    pages: int
    opening_seconds: float
    engine_seconds: float
    peak_memory_mb: int


def measure(folder: Path, processes: int) -> Reading:
    """Read every page directly in `folder` once.

    Raises:
        RuntimeError: a process did not get through.
    """
    context = multiprocessing.get_context("spawn")
    pages: Queue[PageKey | None] = context.Queue()
    shares: Queue[Share] = context.Queue()
    ready = context.Barrier(processes + 1)
    for key in [*_page_keys(folder), *[None] * processes]:
        pages.put(key)
    began = time.monotonic()
    readers = [
        context.Process(target=_read_share, args=(pages, shares, ready), daemon=True)
        for _ in range(processes)
    ]
    for reader in readers:
        reader.start()
    ready.wait(_LOAD_SECONDS)
    loaded = time.monotonic()
    for reader in readers:
        reader.join()
    ended = time.monotonic()
    if any(reader.exitcode for reader in readers):
        raise RuntimeError("A process of the bare engine did not get through; see above.")
    done = [shares.get() for _ in readers]
    return Reading(
        processes=processes,
        pages=sum(share.pages for share in done),
        load_seconds=loaded - began,
        read_seconds=ended - loaded,
        opening_seconds=sum(share.opening_seconds for share in done),
        engine_seconds=sum(share.engine_seconds for share in done),
        peak_memory_mb=[share.peak_memory_mb for share in done],
        versions=package_versions(),
    )


def package_versions() -> dict[str, str]:
    """The packages that decide how fast pages are read."""
    return {name: version(name) for name in ("paddleocr", "paddlex", "onnxruntime")}


def _page_keys(folder: Path) -> Iterator[PageKey]:
    for medium in find_originals(folder):
        for page_no in range(1, medium.pages + 1):
            yield medium.path, page_no


def _read_share(pages: Queue[PageKey | None], shares: Queue[Share], ready: Barrier) -> None:
    die_with_parent(os.getppid())
    settings = effective_settings(os.environ)
    reader = make_reader(settings)
    media = OpenMedia(settings)
    count, opening, reading = 0, 0.0, 0.0
    ready.wait(_LOAD_SECONDS)
    while (key := pages.get()) is not None:
        began = time.monotonic()
        page = media.page(*key)
        opened = time.monotonic()
        text_of(page, reader)
        opening += opened - began
        reading += time.monotonic() - opened
        count += 1
    media.close()
    shares.put(Share(count, opening, reading, peak_memory_mb()))


def main() -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.bare_engine", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of media, each page of which is read")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    die_with_parent(os.getppid())
    print(json.dumps(asdict(measure(options.folder, options.processes))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

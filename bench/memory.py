"""The memory of one OCR process while it reads 2,000 pages, the way the pipeline starts it.

`make bench-memory` stages copies of the samples as one batch, reads it in one process, and looks every few
seconds at what that process and the programs that it started hold: their proportional set size (proc(5), Pss
in smaps_rollup), in which shared pages count once. Memory that only grows shows as a last quarter that is
above the first.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from types import TracebackType

from bench import machine
from bench.corpus import build
from bench.measurements import Machine
from bench.throughput import say, work_folder
from bench.tree_memory import tree_memory_mb
from stack.models import prepare_models
from stack.paths import REPOSITORY, Paths
from textmill.events import PageDone, WorkerUnable
from textmill.fetching.sniffing import sniff
from textmill.records import BatchItem, Content, FetchedItem, FetchOutcome, MediaRef, OcrRequest
from textmill.settings import Settings
from textmill.staging import BatchArea, Staging, write_records, write_text
from textmill_airflow.ocr_process import OcrProcess

DEFAULT_OUT = REPOSITORY / "bench" / "results" / "memory.json"
MOST_MB = 1000
"""What an OCR process should take at most, in MiB."""


@dataclass(frozen=True)
class Look:
    """What was held at a moment: seconds since the start, pages read until then, MiB."""

    seconds: float
    pages: int
    pss_mb: int


@dataclass(frozen=True)
class Memory:
    """One run of the benchmark.

    Attributes:
        looks: from the first finished page on.
        peak_mb: the most that was held at any look, loading included.
    """

    date: str
    machine: Machine
    pages: int
    seconds: float
    peak_mb: int
    looks: list[Look]

    @property
    def quarters(self) -> tuple[int, int]:
        """The median of the looks during the first and during the last quarter of the pages."""
        first = [look.pss_mb for look in self.looks if look.pages <= self.pages / 4]
        last = [look.pss_mb for look in self.looks if look.pages > 3 * self.pages / 4]
        return round(median(first or [0])), round(median(last or [0]))


@dataclass
class MemoryWatch:
    """Looks at a process and its children every few seconds. A context manager."""

    pid: int
    every_seconds: float
    pages: int = 0
    looks: list[Look] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _began: float = field(default_factory=time.monotonic)

    def __enter__(self) -> MemoryWatch:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self.every_seconds):
            held_mb = tree_memory_mb(self.pid)
            self.looks.append(Look(round(time.monotonic() - self._began, 1), self.pages, held_mb))


def measure(source: Path, pages: int, every_seconds: float, engine: str) -> Memory:
    """Read copies of the media in `source` in one process."""
    with work_folder() as work:
        paths = Paths(repository=REPOSITORY, state=work / "state")
        paths.create()
        prepare_models(paths)
        corpus = build(source, work / "media", pages)
        # From here the OCR process takes its settings.
        os.environ |= {
            "TEXTMILL_STAGING_DIR": str(paths.staging),
            "TEXTMILL_MODELS_DIR": str(paths.models),
            "TEXTMILL_OCR_PYTHON": str(paths.ocr_python),
        }
        settings = Settings()
        area = stage(Staging(paths.staging), corpus.folder, engine)
        say(f"Reading {corpus.pages} pages in one process")
        began = time.monotonic()
        with OcrProcess(area.uri, settings) as process, MemoryWatch(process.pid, every_seconds) as watch:
            for event in process.events():
                if isinstance(event, WorkerUnable):
                    raise SystemExit(event.message)
                watch.pages += isinstance(event, PageDone)
        return Memory(
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            machine=machine.describe(),
            pages=watch.pages,
            seconds=time.monotonic() - began,
            peak_mb=max(look.pss_mb for look in watch.looks),
            looks=[look for look in watch.looks if look.pages],
        )


def stage(staging: Staging, media: Path, engine: str) -> BatchArea:
    """Put the files of a folder into the staging area as one batch that is fetched."""
    area = staging.run("memory").batch(0)
    area.folder.mkdir(parents=True)
    files = sorted(media.iterdir())
    write_records(area.fetched, (_fetched(staging, no, path) for no, path in enumerate(files)), FetchedItem)
    # Each page is to be read, also of a PDF that has a text layer.
    request = OcrRequest(engine=engine, languages=("en",), dpi=200, text_layer="never")
    write_text(area.request, request.model_dump_json())
    return area


def _fetched(staging: Staging, number: int, path: Path) -> FetchedItem:
    store = staging.content_store()
    with store.receive_file(path, name=path.name, max_bytes=2**31) as incoming:
        found = sniff(incoming.path, name=path.name)
        incoming.keep()
        content = Content(
            sha256=incoming.sha256,
            bytes=incoming.bytes,
            mime=found.mime,
            kind=found.kind,
            path=store.relative_path(incoming.sha256),
        )
    ref = MediaRef(uri=path.as_uri(), source="bench", bytes=content.bytes, modified_ns=1)
    item = BatchItem(item_no=number, ref=ref, estimated_pages=1, estimated_seconds=1)
    return FetchedItem(item=item, outcome=FetchOutcome.READ, content=content)


def markdown(result: Memory) -> str:
    """The report that lies in the repository."""
    first, last = result.quarters
    rows = [
        ("pages", f"{result.pages:,}"),
        ("pages per second", f"{result.pages / result.seconds:.2f}"),
        ("median over the first quarter of the pages (MiB)", str(first)),
        ("median over the last quarter (MiB)", str(last)),
        ("peak (MiB)", f"{result.peak_mb} (target: ≤ {MOST_MB})"),
    ]
    lines = [
        "# Memory of an OCR process",
        "",
        f"Measured on {result.date}: {result.machine.cpu}, {result.machine.cores} cores. One process reads "
        "copies of the samples, as the pipeline starts it; memory is the proportional set size of it and of "
        f"the programs that it starts, looked at {len(result.looks)} times.",
        "",
        "| | |",
        "| --- | ---: |",
        *(f"| {name} | {value} |" for name, value in rows),
        "",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status: 1 when the process took more than it should."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--media", metavar="FOLDER", type=Path, default=REPOSITORY / "samples")
    parser.add_argument(
        "--pages", type=int, default=2000, help="least number of pages (default: %(default)s)"
    )
    parser.add_argument("--engine", default="auto", help="engine of the run (default: %(default)s)")
    parser.add_argument(
        "--every", type=float, default=3.0, help="seconds between looks (default: %(default)s)"
    )
    parser.add_argument("--json-out", metavar="FILE", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args(arguments)
    result = measure(options.media, options.pages, options.every, options.engine)
    report = markdown(result)
    print(report)
    options.json_out.parent.mkdir(parents=True, exist_ok=True)
    options.json_out.write_text(json.dumps(asdict(result), indent=2) + "\n", encoding="utf-8")
    options.json_out.with_suffix(".md").write_text(report, encoding="utf-8")
    return int(result.peak_mb > MOST_MB)


if __name__ == "__main__":
    sys.exit(main())

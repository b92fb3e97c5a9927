"""Measure what the quality gate costs: batches of 1, 100 and 10,000 pages alone, and one beside OCR.

Beside OCR, as many processes as there are slots read the same pages, with and without one gate for each of
them. What it costs a run is the time by which they take longer, in relation to the time that a batch takes:
`TEXTMILL_BATCH_SECONDS`. Runs in the Airflow environment and starts processes of the OCR runtime.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count, islice
from pathlib import Path

from bench.machine import busy_percent, describe
from textmill.records import (
    BatchItem,
    CheckpointHeader,
    Content,
    FetchedItem,
    FetchOutcome,
    Kind,
    MediaRef,
    MediumOpened,
    OcrRequest,
    PageRead,
    PageRecord,
)
from textmill.settings import load as load_settings
from textmill.staging import BatchArea, Staging, write_records, write_text

_SIZES = (1, 100, 10_000)
_PICTURES = {".jpg": "image/jpeg", ".png": "image/png"}
_PAGES_OF_A_DOCUMENT = 100
_LOAD_SECONDS = 300.0


@dataclass(frozen=True)
class GateCost:
    """What one gate took, in a process of its own.

    Attributes:
        import_seconds: of processor time, for Great Expectations, on top of what the task has anyway.
        judge_seconds: of processor time, for reading, measuring, judging and the report.
        wall_seconds: for both.
    """

    pages: int
    import_seconds: float
    judge_seconds: float
    wall_seconds: float
    peak_memory_mb: int

    @property
    def seconds(self) -> float:
        """Processor time in all."""
        return self.import_seconds + self.judge_seconds


# --- one gate, in a process of its own ----------------------------------------------------------------------


def judge_alone(area: BatchArea) -> GateCost:
    """Judge a batch in this process, as the task does."""
    from bench.process_memory import peak_memory_mb
    from textmill.giving_way import giving_way
    from textmill.quality.importing import import_great_expectations
    from textmill.stages.validate import judge_batch

    began, processor = time.monotonic(), time.process_time()
    with giving_way():
        import_great_expectations()
        imported = time.process_time()
        judged = judge_batch(area, load_settings(), "bench")
    return GateCost(
        pages=len(judged.pages),
        import_seconds=imported - processor,
        judge_seconds=time.process_time() - imported,
        wall_seconds=time.monotonic() - began,
        peak_memory_mb=peak_memory_mb(),
    )


def judged(area: BatchArea) -> GateCost:
    """Judge a batch in a new process."""
    program = [sys.executable, "-m", "bench.quality_gate_cost", "--judge", area.uri]
    told = subprocess.run(program, capture_output=True, text=True, check=True)
    return GateCost(**json.loads(told.stdout.splitlines()[-1]))


# --- batches ------------------------------------------------------------------------------------------------


def stage_pictures(area: BatchArea, pictures: Sequence[Path]) -> None:
    """Stage a batch that reads these files where they lie."""
    contents = [
        Content(
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            bytes=path.stat().st_size,
            mime=_PICTURES[path.suffix],
            kind=Kind.IMAGE,
            path=str(path.absolute()),
        )
        for path in pictures
    ]
    _stage(
        area, [(path.absolute().as_uri(), content) for path, content in zip(pictures, contents, strict=True)]
    )


def stage_pages(area: BatchArea, pages: Iterable[PageRecord]) -> None:
    """Stage a batch of which these pages were read, in documents of a hundred."""
    from textmill.page_table import read_pages, write_pages

    area.folder.mkdir(parents=True)
    write_pages(area.pages, _in_documents(pages))
    media: list[tuple[str, Content]] = []
    # Written as one: the checkpoint of a real batch waits for the disk after each page.
    with area.checkpoint.open("w", encoding="utf-8") as out:
        out.write(CheckpointHeader(fingerprint="bench").model_dump_json() + "\n")
        for page in read_pages(area.pages):
            if page.page_no == 1:
                sha256 = page.sha256
                content = Content(sha256=sha256, bytes=1, mime="application/pdf", kind=Kind.PDF, path="none")
                media.append((f"file:///bench/{len(media)}.pdf", content))
                opened = MediumOpened(sha256=sha256, page_count=_PAGES_OF_A_DOCUMENT)
                out.write(opened.model_dump_json() + "\n")
            out.write(PageRead(page=page).model_dump_json() + "\n")
    _stage(area, media)


def _in_documents(pages: Iterable[PageRecord]) -> Iterator[PageRecord]:
    for number, page in enumerate(pages):
        document, page_no = divmod(number, _PAGES_OF_A_DOCUMENT)
        yield page.model_copy(update={"sha256": f"{document:064x}", "page_no": page_no + 1})


def _stage(area: BatchArea, media: Sequence[tuple[str, Content]]) -> None:
    items = []
    for number, (uri, content) in enumerate(media):
        ref = MediaRef(uri=uri, source="bench", bytes=content.bytes, modified_ns=1)
        item = BatchItem(item_no=number, ref=ref, estimated_pages=1, estimated_seconds=1)
        items.append(FetchedItem(item=item, outcome=FetchOutcome.READ, content=content))
    write_records(area.fetched, items, FetchedItem)
    write_text(area.request, OcrRequest(engine="auto", languages=("en",), dpi=200).model_dump_json())


# --- beside OCR ---------------------------------------------------------------------------------------------


def read_all(
    areas: Sequence[BatchArea], gates: Sequence[BatchArea] = ()
) -> tuple[float, list[GateCost], bool]:
    """Read batches beside each other, and judge others meanwhile, one after the other.

    Returns the seconds of reading, what the gates took, and whether all of these ended before reading did.
    """
    costs: list[GateCost] = []
    loaded = threading.Barrier(len(areas) + 2, timeout=_LOAD_SECONDS)
    ends: list[float] = []
    readers = [threading.Thread(target=_read, args=(area, loaded, ends)) for area in areas]
    gate = threading.Thread(target=_judge_when_loaded, args=(gates, loaded, costs))
    for thread in (*readers, gate):
        thread.start()
    loaded.wait()
    began = time.monotonic()
    for thread in (*readers, gate):
        thread.join()
    return statistics.fmean(ends) - began, costs, gate_ended_first(began, ends, costs)


def gate_ended_first(began: float, ends: Sequence[float], costs: Sequence[GateCost]) -> bool:
    """Whether gates that ran one after the other ended while all readers were still reading."""
    return sum(cost.wall_seconds for cost in costs) < min(ends) - began


def _read(area: BatchArea, loaded: threading.Barrier, ends: list[float]) -> None:
    from textmill.events import WorkerReady
    from textmill_airflow.ocr_process import OcrProcess

    area.checkpoint.unlink(missing_ok=True)
    with OcrProcess(area.uri, load_settings()) as process:
        for event in process.events():
            if isinstance(event, WorkerReady):
                loaded.wait()
    ends.append(time.monotonic())


def _judge_when_loaded(gates: Sequence[BatchArea], loaded: threading.Barrier, costs: list[GateCost]) -> None:
    loaded.wait()
    costs += [judged(area) for area in gates]


# --- what is printed ----------------------------------------------------------------------------------------


def report_alone(
    staging: Staging, read: Sequence[PageRecord], numbers: Iterator[int], sizes: Sequence[int]
) -> None:
    """Print what gates alone take."""
    print("\n| pages | import s | judge s | wall s | peak MiB |\n|---|---|---|---|---|")
    for size in sizes:
        area = staging.run("bench").batch(next(numbers))
        stage_pages(area, islice(_again_and_again(read), size))
        cost = judged(area)
        print(
            f"| {cost.pages:,} | {cost.import_seconds:.1f} | {cost.judge_seconds:.1f} "
            f"| {cost.wall_seconds:.1f} | {cost.peak_memory_mb} |",
            flush=True,
        )


def _again_and_again(pages: Sequence[PageRecord]) -> Iterator[PageRecord]:
    while True:
        yield from pages


def report_beside(areas: Sequence[BatchArea], gate: BatchArea, rounds: int, pages: int) -> None:
    """Print by how much gates beside it slow reading down."""
    without, beside, costs = [], [], []
    for _ in range(rounds):
        without.append(read_all(areas)[0])
        seconds, took, is_whole = read_all(areas, [gate] * len(areas))
        beside.append(seconds)
        costs += took
        if not is_whole:
            print("Gates ran on after reading had ended: read more pages (--copies).", flush=True)
    alone, together = statistics.median(without), statistics.median(beside)
    lost = together - alone
    whole = load_settings().batch_seconds
    processor = statistics.median(cost.seconds for cost in costs)
    print(
        f"\n{len(areas)} slots, {rounds} rounds of {pages} pages each: median {alone:.1f} s without gates, "
        f"{together:.1f} s with {len(areas)} of {processor:.1f} s of processor time each; "
        f"ratio of pages/s {alone / together:.3f}.\n"
        f"Of batches of {whole:.0f} s: {lost:+.1f} s, ratio {whole / (whole + lost):.3f}; "
        f"if no processor ever idled, {whole / (whole + processor):.3f}."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--judge", help=argparse.SUPPRESS)
    parser.add_argument("--samples", type=Path, default=Path("samples"), help="folder with pictures to read")
    parser.add_argument("--copies", type=int, default=6, help="how often each slot reads them in one round")
    parser.add_argument("--rounds", type=int, default=3, help="with and without gates, in turn; 0 for none")
    parser.add_argument("--slots", type=int, default=2, help="OCR processes at once")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=_SIZES, help="pages of the batches judged alone"
    )
    options = parser.parse_args(arguments)
    if options.judge:
        print(json.dumps(asdict(judge_alone(BatchArea.at(options.judge)))))
        return
    print(f"{describe()}\nBusy before: {busy_percent():.0f} %", flush=True)
    with tempfile.TemporaryDirectory(prefix="textmill-gate-") as folder:
        _measure(options, Staging(Path(folder)))


def _measure(options: argparse.Namespace, staging: Staging) -> None:
    from textmill.checkpoint import read_pages

    numbers = count()
    run = staging.run("bench")
    pictures = [path for path in sorted(options.samples.iterdir()) if path.suffix in _PICTURES]
    first = run.batch(next(numbers))
    stage_pictures(first, pictures)
    read_all([first])
    read = list(read_pages(first.checkpoint))
    if options.sizes:
        report_alone(staging, read, numbers, options.sizes)
    if options.rounds:
        areas = [run.batch(next(numbers)) for _ in range(options.slots)]
        for area in areas:
            stage_pictures(area, copies_of(pictures, options.copies, area.folder / "pictures"))
        gate = run.batch(next(numbers))
        stage_pages(gate, islice(_again_and_again(read), 100))
        report_beside(areas, gate, options.rounds, options.copies * len(pictures))


def copies_of(pictures: Sequence[Path], copies: int, folder: Path) -> list[Path]:
    """Write each picture several times, as different contents: bytes behind its end are not read."""
    folder.mkdir(parents=True)
    made = []
    for copy in range(copies):
        for picture in pictures:
            path = folder / f"{copy}-{picture.name}"
            path.write_bytes(picture.read_bytes() + bytes([copy]))
            made.append(path)
    return made


if __name__ == "__main__":
    main()

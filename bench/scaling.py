"""What a page costs the whole run when there are ten and a hundred times as many of them.

`make bench-scaling` reads 100, 1,000 and 10,000 pages, each with one run in the same private Airflow, by an
engine that invents 40 lines of text per page and takes no time: what is left is everything else. The pages
are PNG files that differ in bytes. Batches hold as many pages however many there are, so that a cost that
grows with the run shows, and is not hidden by growing batches.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from bench import machine, whole_run
from bench.corpus import marked
from bench.measurements import Machine, WholeRun
from bench.throughput import say, work_folder
from stack.errors import StackError
from stack.machine import ocr_slots
from stack.models import prepare_models
from stack.paths import REPOSITORY, Paths

DEFAULT_OUT = REPOSITORY / "bench" / "results" / "scaling.json"
SIZES = (100, 1000, 10_000)
PAGES_PER_BATCH = 250
ENGINE = "bench.invented_engine:instant"
_WIDTH, _HEIGHT = 850, 1100
_STAGES = ("discover", "plan", "batch.fetch", "batch.ocr", "batch.validate", "batch.load", "report")


@dataclass(frozen=True)
class Scaling:
    """One run of the benchmark: a whole run of each size, the smallest first."""

    date: str
    machine: Machine
    runs: list[WholeRun]


def measure(sizes: Sequence[int], slots: int) -> Scaling:
    """Read each number of pages once."""
    with work_folder() as work:
        folders = {size: _write_pages(work / f"pages-{size}", size) for size in sizes}
        paths = Paths(repository=REPOSITORY, state=work / "state")
        paths.create()
        prepare_models(paths)
        settings = {"TEXTMILL_OCR_PYTHONPATH": str(REPOSITORY), "TEXTMILL_OWN_ENGINES": ENGINE}
        with whole_run.private_stack(paths.state, slots, say, settings) as running:
            runs = [
                whole_run.measure(
                    running,
                    folder,
                    lambda size=size: say(f"Measuring: {size:,} pages"),  # type: ignore[misc]
                    say,
                    engine=ENGINE,
                    preprocessing="none",
                    second_opinion="off",
                    # The plan would make more batches of a second each, and is given fewer.
                    batch_seconds=1,
                    max_batches=_batches(size, slots),
                )
                for size, folder in folders.items()
            ]
    return Scaling(f"{datetime.now(UTC):%Y-%m-%d}", machine.describe(), runs)


def _batches(pages: int, slots: int) -> int:
    return slots * max(1, round(pages / PAGES_PER_BATCH / slots))


def _write_pages(folder: Path, pages: int) -> Path:
    folder.mkdir(mode=0o755)
    picture = _picture()
    for number in range(pages):
        (folder / f"page-{number:06d}.png").write_bytes(marked(picture, f"{folder.name} {number}"))
    return folder


def _picture() -> bytes:
    """Return a white page with dark bars for lines, as a grayscale PNG (PNG Specification, third edition)."""
    margin, pitch = 70, 24
    bar = b"\0" + b"\xff" * margin + b"\x20" * (_WIDTH - 2 * margin) + b"\xff" * margin
    white = b"\0" + b"\xff" * _WIDTH
    rows = (bar if margin < y < _HEIGHT - margin and y % pitch < 6 else white for y in range(_HEIGHT))
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def stage_seconds(run: WholeRun, stage: str) -> float:
    """Seconds of all tasks of a stage together."""
    return sum(task.seconds for task in run.tasks if task.task == stage)


def services_seconds(run: WholeRun) -> float:
    """Processor seconds of everything but the OCR processes and the tasks."""
    return sum(seconds for name, seconds in run.cpu_seconds.items() if name not in ("OCR processes", "tasks"))


def marginal(runs: Sequence[WholeRun]) -> list[float]:
    """Milliseconds that each further page took, between one run and the next larger one."""
    return [
        1000 * (large.airflow_seconds - small.airflow_seconds) / (large.pages - small.pages)
        for small, large in pairwise(runs)
    ]


def markdown(result: Scaling) -> str:
    """The report that lies in the repository."""
    runs = result.runs
    rows: list[tuple[str, list[str]]] = [
        ("batches", [str(len(run.batches)) for run in runs]),
        ("whole run (s)", [f"{run.airflow_seconds:.1f}" for run in runs]),
        ("whole run, per page", [_ms(run.airflow_seconds, run) for run in runs]),
        ("each further page", ["", *(f"{one:.1f}" for one in marginal(runs))]),
        *(
            (f"{stage}, all its tasks", [_ms(stage_seconds(run, stage), run) for run in runs])
            for stage in _STAGES
        ),
        ("pages in the OCR process", [_ms(run.page_seconds, run) for run in runs]),
        ("processor time: OCR", [_ms(run.cpu_seconds.get("OCR processes", 0.0), run) for run in runs]),
        ("processor time: tasks", [_ms(run.cpu_seconds.get("tasks", 0.0), run) for run in runs]),
        ("processor time: servers", [_ms(services_seconds(run), run) for run in runs]),
        ("largest OCR process (MiB)", [str(max(run.peak_memory_mb, default=0)) for run in runs]),
    ]
    lines = [
        "# Scaling",
        "",
        f"Measured on {result.date}: {result.machine.cpu}, {result.machine.cores} cores, "
        f"{result.machine.memory_gb} GB, {runs[0].slots} slots. The engine invents 40 lines per page and "
        f"takes no time; a batch has {PAGES_PER_BATCH} pages or fewer. Milliseconds per page, unless it says "
        "otherwise.",
        "",
        "| | " + " | ".join(f"{run.pages:,} pages" for run in runs) + " |",
        "|" + "|".join([" --- ", *[" ---: "] * len(runs)]) + "|",
        *(f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows),
        "",
        "A run has a fixed cost, which is most of the smallest one; *each further page* is the difference in "
        "time to the next smaller run, by the difference in pages. Tasks run beside each other, so the times "
        "of stages add up to more than the whole run. Each page is a medium, which is what costs most: it is "
        "hashed, claimed, opened and written in a transaction of its own.",
        "",
    ]
    return "\n".join(lines)


def _ms(seconds: float, run: WholeRun) -> str:
    return f"{1000 * seconds / run.pages:.1f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pages", type=int, nargs="+", default=SIZES, help="sizes (default: %(default)s)")
    parser.add_argument("--slots", type=int, help="OCR processes at once (default: as the local stack has)")
    parser.add_argument("--json-out", metavar="FILE", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args(arguments)
    try:
        result = measure(sorted(options.pages), options.slots or ocr_slots({}))
    except (whole_run.RunFailed, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    report = markdown(result)
    print(report)
    options.json_out.parent.mkdir(parents=True, exist_ok=True)
    options.json_out.write_text(json.dumps(asdict(result), indent=2) + "\n", encoding="utf-8")
    options.json_out.with_suffix(".md").write_text(report, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

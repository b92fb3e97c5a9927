"""Measure how fast the whole pipeline reads, and how much of the bare engine's speed that is.

On the same pages, one after the other: the bare engine, a whole run in a real Airflow, the bare engine again,
stock PaddleOCR. Writes the table to the terminal, all figures to a JSON file, and a report beside it.
Everything happens in a temporary folder; a stack that runs already is left alone, but should be idle.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# The core package is not installed, it is read from the project, as the local stack does too.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "include"))

from bench import machine, slots_picture, throughput_report, whole_run
from bench.corpus import Corpus, CorpusError, build
from bench.measurements import MediumTime, Reading, Throughput, WholeRun
from bench.whole_run import RunFailed
from stack.errors import StackError
from stack.machine import ocr_slots
from stack.models import prepare_models
from stack.paths import REPOSITORY, Paths

DEFAULT_OUT = REPOSITORY / "bench" / "results" / "throughput.json"
PICTURE = REPOSITORY / "docs" / "images" / "slots.svg"
_PAUSE_SECONDS = 10.0
"""Between two measurements, for the disk and the processor to settle."""
_PAGE_WIDTH = 120
"""Where there is no terminal to ask."""
_QUIET_PERCENT = 10.0
"""An idle stack uses less of two cores than this."""

_INTERRUPTED, _TERMINATED = 130, 143


class MeasurementFailed(Exception):
    """One of the measurements did not get through; the message says which."""


class Benchmark:
    """The measurements on one corpus, in a folder of their own."""

    def __init__(self, work: Path, source: Path, slots: int) -> None:
        self._paths = Paths(repository=REPOSITORY, state=work / "state")
        self._source = source
        self._slots = slots
        self.others_busy: dict[str, float] = {}

    def bare(self, corpus: Corpus, label: str) -> Reading:
        """The bare engine on all pages."""
        self._pause(label)
        answer = self._in_ocr_environment(
            ["bench.bare_engine", str(corpus.folder), "--processes", str(self._slots)], single_thread=True
        )
        return Reading(**answer)

    def whole(self, corpus: Corpus) -> WholeRun:
        """A whole run on all pages."""
        say("Starting a private Airflow…")
        with whole_run.private_stack(self._paths.state, self._slots, say) as running:
            done = whole_run.measure(running, corpus.folder, lambda: self._pause("whole run"), say)
        if done.pages != corpus.pages:
            raise MeasurementFailed(f"The run loaded {done.pages} of {corpus.pages} pages.")
        return done

    def stock(self) -> tuple[Reading, list[MediumTime]]:
        """Stock PaddleOCR on each distinct page."""
        self._pause("stock PaddleOCR")
        answer = self._in_ocr_environment(["bench.stock_paddle", str(self._source)], single_thread=False)
        return Reading(**answer["reading"]), [MediumTime(**medium) for medium in answer["media"]]

    def prepare(self) -> None:
        """Write the OCR models, so that no measurement has to."""
        self._paths.create()
        prepare_models(self._paths)

    def _pause(self, label: str) -> None:
        time.sleep(_PAUSE_SECONDS)
        busy = self.others_busy[label] = machine.busy_percent()
        if busy > _QUIET_PERCENT:
            say(f"Others use {busy:.0f} % of this machine: what is measured now will look slower than it is.")
        say(f"Measuring: {label}")

    def _in_ocr_environment(self, module: Sequence[str], *, single_thread: bool) -> Any:
        """Run one of our modules there and return the JSON of its last line."""
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(self._paths.include), str(REPOSITORY)]),
            "TEXTMILL_MODELS_DIR": str(self._paths.models),
            # As the pipeline starts its OCR processes.
            "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
        }
        if single_thread:
            environment |= {"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1", "TEXTMILL_CPU_THREADS": "1"}
        command = [str(self._paths.ocr_python), "-m", *module]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise MeasurementFailed(f"{module[0]} failed:\n{done.stderr[-2000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])


def run(source: Path, least_pages: int, slots: int, minutes: float | None = None) -> Throughput:
    """Build the corpus and measure everything on it.

    Args:
        minutes: how long the bare engine shall take, instead of the number of pages.
    """
    with work_folder() as work:
        benchmark = Benchmark(work, source, slots)
        benchmark.prepare()
        if minutes is not None:
            sample = build(source, work / "sample", 1)
            pace = benchmark.bare(sample, "how many pages that is").pages_per_second
            least_pages = max(sample.pages, round(60 * minutes * pace))
        corpus = build(source, work / "media", least_pages)
        say(f"{corpus.pages} pages in {corpus.media} media")
        before = benchmark.bare(corpus, "bare engine")
        whole = benchmark.whole(corpus)
        after = benchmark.bare(corpus, "bare engine again")
        stock, stock_media = benchmark.stock()
        return Throughput(
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            machine=machine.describe(),
            media=corpus.media,
            pages=corpus.pages,
            whole=whole,
            bare=[before, after],
            stock=stock,
            stock_media=stock_media,
            copies=copies_of(corpus),
            others_busy=benchmark.others_busy,
        )


def copies_of(corpus: Corpus) -> list[int]:
    """How often each original is in the corpus, in the order of the originals."""
    # build() names a copy STEM.NUMBER.SUFFIX.
    found = Counter(path.name.rsplit(".", 2)[0] + path.suffix for path in corpus.folder.iterdir())
    return [found[original.path.name] for original in corpus.originals]


@contextmanager
def work_folder() -> Iterator[Path]:
    """A temporary folder through which the accounts of the database servers may pass."""
    with tempfile.TemporaryDirectory(prefix="textmill-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def say(sentence: str) -> None:
    """Tell what is going on, apart from the results."""
    print(sentence, file=sys.stderr, flush=True)


def show(result: Throughput) -> None:
    """Print the tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else _PAGE_WIDTH)
    for table in throughput_report.tables(result):
        shown = Table(title=table.title, title_justify="left")
        for number, name in enumerate(table.head):
            shown.add_column(name, justify="right" if number else "left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)


def write(result: Throughput, target: Path) -> None:
    """Write all figures to `target`, the report beside it, and the picture of the slots."""
    ratios = {
        "whole_to_bare": result.whole_to_bare,
        "airflow_to_bare": result.airflow_to_bare,
        "whole_to_bare_with_loading": result.whole_to_bare_with_loading,
        "whole_to_stock": result.whole_to_stock,
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    document = json.dumps({"ratios": ratios, **asdict(result)}, indent=2, ensure_ascii=False)
    target.write_text(document + "\n", encoding="utf-8")
    target.with_suffix(".md").write_text(throughput_report.markdown(result), encoding="utf-8")
    drawing = PICTURE if target == DEFAULT_OUT else target.with_suffix(".svg")
    drawing.write_text(slots_picture.picture(result.whole), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    # So that the private stack is stopped and the folder removed then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    try:
        result = run(options.media, options.pages, options.slots or ocr_slots(os.environ), options.minutes)
    except (CorpusError, MeasurementFailed, RunFailed, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return _INTERRUPTED
    show(result)
    write(result, options.json_out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.throughput",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--media",
        metavar="FOLDER",
        type=Path,
        default=REPOSITORY / "samples",
        help="folder of media of which the pages are copies (default: the samples)",
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--pages", type=int, default=200, help="least number of pages (default: %(default)s)")
    size.add_argument(
        "--minutes", type=float, help="as many pages as the bare engine reads in so long, say 2 or 10"
    )
    parser.add_argument("--slots", type=int, help="OCR processes at once (default: as the local stack has)")
    parser.add_argument(
        "--json-out",
        metavar="FILE",
        type=Path,
        default=DEFAULT_OUT,
        help="where the figures go; the report is written beside it (default: bench/results/throughput.json)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

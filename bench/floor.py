"""Show where the time of a page goes, and what the least possible would be: `make bench-floor`.

Pages are read by Textmill in this process, by one thread, while a stopwatch is on its steps. The least
possible is what the two networks need for these pages, in operations, over the most operations a second that
a core reaches in this process: see bench/floor_report.py. Peaks and pages are measured in turn, so that what
slows the machine slows both. Run in the OCR environment with one thread for all libraries
(`OMP_NUM_THREADS=1`); writes a report, all figures, and a picture.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench import floor_picture, floor_report, machine
from bench.floor_operations import Operations, PageOperations, fast_precisions
from bench.floor_peak import Peak, best
from bench.floor_records import NETWORKS, Floor, Part, SetProfile
from bench.floor_steps import NetworkCall, Stopwatch, watched
from bench.open_media import OpenMedia
from bench.pairs import BenchmarkError
from bench.reading import ENGINE, LANGUAGES, effective_settings, make_reader, text_of
from bench.speed import SIZES, positive
from bench.speed_contestants import REPOSITORY, STOCK
from bench.speed_records import Job
from bench.speed_sets import PageSet, SetMaker
from textmill.engines.device import resolve
from textmill.engines.networks import Precision
from textmill.engines.protocol import engine_options
from textmill.reading.page_reader import PageReader
from textmill.settings import Settings

DEFAULT_OUT = REPOSITORY / "bench" / "results" / "floor.json"
DEFAULT_PICTURE = REPOSITORY / "docs" / "images" / "page-time.svg"
SPEED = REPOSITORY / "bench" / "results" / "speed.json"
SETS = ("samples", "receipts", "dense")
"""What is read as pictures; their pages are those that `make bench` times."""
_ROUNDS = 3
_NOTHING_TO_READ = 2


class Profiler:
    """Reads pages with a stopwatch on. Used by one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reader: PageReader = make_reader(settings)
        self.operations = PageOperations(resolve(ENGINE, engine_options(settings, LANGUAGES)).options)

    def round(self, job: Job) -> Stopwatch:
        """Read the pages of a job once."""
        stopwatch = Stopwatch()
        media = OpenMedia(self._settings)
        with watched(stopwatch):
            for page in job.pages:
                with stopwatch.part(Part.OPENING):
                    opened = media.page(page.medium, page.page_no)
                text_of(opened, self._reader)
        media.close()
        return stopwatch

    def profile(self, pages: PageSet, rounds: Sequence[Stopwatch], stock: float | None) -> SetProfile:
        """Sum up what the rounds over a set gave; they all have the same pages."""
        count = len(pages.timed_job().pages)
        calls = rounds[-1].calls
        return SetProfile(
            name=pages.name,
            description=pages.description,
            pages=count,
            looks=sum(one.part is Part.FINDING_NETWORK for one in calls) / count,
            lines=sum(one.shape[0] for one in calls if one.part is Part.READING_NETWORK) / count,
            seconds={part: median(one.seconds[part] for one in rounds) / count for part in Part},
            operations={
                part: {precision: operations / count for precision, operations in self._needed(calls, part)}
                for part in NETWORKS
            },
            stock=stock,
        )

    def _needed(self, calls: Sequence[NetworkCall], part: Part) -> list[tuple[Precision, int]]:
        total: Operations = Counter()
        for call in calls:
            if call.part is part:
                finding = call.network is Part.FINDING_NETWORK
                network = self.operations.finding if finding else self.operations.reading
                total += network.count(call.shape)
        return list(total.items())


def measure(sets: Sequence[PageSet], settings: Settings, rounds: int, left_out: Sequence[str]) -> Floor:
    """Measure peaks and pages in turn, after all pages were read once to warm up."""
    import cv2

    cv2.setNumThreads(1)
    here = asdict(machine.describe())
    others_busy = machine.busy_percent()
    peaks = {precision: Peak(precision) for precision in fast_precisions()}
    profiler = Profiler(settings)
    for pages in sets:
        profiler.round(pages.timed_job())
    reached: dict[Precision, list[list[float]]] = {precision: [] for precision in peaks}
    watches: dict[str, list[Stopwatch]] = {pages.name: [] for pages in sets}
    for number in range(rounds):
        say(f"Round {number + 1} of {rounds}.")
        for precision, peak in peaks.items():
            reached[precision].append(peak.measure())
        for pages in sets:
            watches[pages.name].append(profiler.round(pages.timed_job()))
    stock = stock_seconds(SPEED, here)
    return Floor(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=here,
        others_busy=others_busy,
        rounds=rounds,
        versions={name: version(name) for name in ("openvino", "onnxruntime")},
        networks=profiler.operations.computing.why,
        peaks={precision: best(found) for precision, found in reached.items()},
        sets=[profiler.profile(pages, watches[pages.name], stock.get(pages.name)) for pages in sets],
        left_out=left_out,
    )


def stock_seconds(results: Path, here: Mapping[str, Any]) -> dict[str, float]:
    """Return the seconds a page of stock PaddleOCR, by set, from what `make bench` wrote on this machine.

    Args:
        here: fields of `bench.measurements.Machine`. What was measured on another machine is no yardstick.
    """
    try:
        content = json.loads(results.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    if any(content["machine"][name] != here[name] for name in ("cpu", "cores")):
        return {}
    return {
        one["page_set"]: median(one["seconds"]) / one["pages"]
        for one in content["measurements"]
        if one["entrant"] == STOCK
    }


def run(options: argparse.Namespace) -> Floor:
    """Do what the command line asks for."""
    settings = effective_settings(os.environ).model_copy(update={"cpu_threads": 1, "device": "cpu"})
    with tempfile.TemporaryDirectory(prefix="textmill-floor-") as name:
        maker = SetMaker(Path(name), REPOSITORY / "samples", options.receipts)
        sets, left_out = [], []
        for wish in options.sets:
            try:
                sets.append(maker.make(wish, SIZES[wish]))
            except BenchmarkError as error:
                left_out.append(f"The set {wish} was left out. {error}")
        if not sets:
            raise BenchmarkError(" ".join(left_out))
        return measure(sets, settings, options.rounds, left_out)


def say(sentence: str) -> None:
    """Tell what is going on, apart from the results."""
    print(sentence, file=sys.stderr, flush=True)


def write(result: Floor, target: Path, picture: Path) -> None:
    """Write all figures to `target`, the report beside it, and the picture."""
    for file in (target, picture):
        file.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    target.with_suffix(".md").write_text(floor_report.markdown(result), encoding="utf-8")
    picture.write_text(floor_picture.svg(result), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        result = run(options)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return _NOTHING_TO_READ
    print(floor_report.markdown(result))
    write(result, options.out, options.picture)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.floor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="sets of pages (default: all)")
    parser.add_argument(
        "--receipts",
        metavar="FOLDER",
        type=Path,
        help="photographed receipts with ground truth (default: none)",
    )
    parser.add_argument("--rounds", type=positive, default=_ROUNDS, help="default: %(default)s")
    parser.add_argument("--out", metavar="FILE.json", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--picture", metavar="FILE.svg", type=Path, default=DEFAULT_PICTURE)
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Compare Textmill's speed, accuracy and memory with what one could use instead, on the same pages.

Everybody is loaded once and reads in turn, round by round: see bench/speed_report.py for what is measured and
how. Textmill is run without Airflow here; `make bench-throughput` shows what the whole run keeps of that. Run
in the OCR environment; the tables go to standard output, all figures to a JSON file, the report beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, speed_report
from bench.pairs import BenchmarkError
from bench.speed_contestants import (
    AUTO,
    REPOSITORY,
    RunningContestant,
    Specification,
    others,
    ours,
    start_all,
)
from bench.speed_records import Comparison
from bench.speed_rounds import Rounds
from bench.speed_sets import PageSet, SetMaker, Sizes

DEFAULT_OUT = REPOSITORY / "bench" / "results" / "speed.json"
SIZES = {
    "samples": Sizes(scored=6, timed=4),
    "receipts": Sizes(scored=6, timed=2),
    "dense": Sizes(scored=2, timed=2),
    "born-digital": Sizes(scored=2, timed=2),
    "video": Sizes(scored=0, timed=4),
}
"""All of a video is read for its text, whatever is asked for."""
_ROUNDS = 5
_QUICK_PAGES = 1 / 3
_PRECISIONS = ("auto", "int8", "bf16", "fp32")
_FAILED, _INTERRUPTED, _TERMINATED = 2, 130, 143


def compare(
    specifications: Sequence[Specification], sets: Sequence[PageSet], rounds: int, folder: Path
) -> Comparison:
    """Start contestants, have them read, and stop them.

    Raises:
        BenchmarkError: not a single one of them starts.
    """
    running, left_out = start_all(specifications, folder, say)
    if not running:
        raise BenchmarkError("No contestant could be started; see above.")
    entrants = [one.entrant for one in running]
    try:
        taken = _take_turns(running, sets, rounds)
    finally:
        for one in running:
            one.stop()
    return Comparison(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=asdict(machine.describe()),
        rounds=rounds,
        entrants=entrants,
        sets=[pages.summary() for pages in sets],
        measurements=taken.measurements,
        others_busy=taken.others_busy,
        left_out=[*left_out, *taken.left_out],
    )


def _take_turns(running: Sequence[RunningContestant], sets: Sequence[PageSet], rounds: int) -> Rounds:
    taken = Rounds(running, rounds, say)
    for pages in sets:
        taken.run(pages)
    return taken


def make_sets(
    maker: SetMaker, names: Sequence[str], factor: float, cores: int
) -> tuple[list[PageSet], list[str]]:
    """Make sets; returns those whose media are there, and a sentence for each other."""
    made, left_out = [], []
    for name in names:
        sizes = _sizes(SIZES[name], factor, cores)
        try:
            made.append(maker.make(name, sizes))
        except BenchmarkError as error:
            left_out.append(f"The set {name} was left out. {error}")
            say(left_out[-1])
    return made, left_out


def _sizes(usual: Sizes, factor: float, cores: int) -> Sizes:
    """Return `factor` times the usual sizes; at least a page for each core, that none of them is idle."""
    timed = max(cores, round(usual.timed * factor))
    return Sizes(max(timed, round(usual.scored * factor)), timed)


def say(sentence: str) -> None:
    """Tell what is going on, apart from the results."""
    print(sentence, file=sys.stderr, flush=True)


def write(result: Comparison, target: Path) -> None:
    """Write all figures to `target`, and the report beside it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    document = json.dumps(result.as_json(), indent=2, ensure_ascii=False)
    target.write_text(document + "\n", encoding="utf-8")
    target.with_suffix(".md").write_text(speed_report.markdown(result), encoding="utf-8")


def run(options: argparse.Namespace) -> Comparison:
    """Do what the command line asks for."""
    cores = len(os.sched_getaffinity(0))
    specifications = [
        one
        for one in [*(ours(precision, cores) for precision in options.ours), *others(cores)]
        if options.only is None or one.is_ours or one.name in options.only
    ]
    with tempfile.TemporaryDirectory(prefix="textmill-bench-") as name:
        folder = Path(name)
        maker = SetMaker(folder, REPOSITORY / "samples", options.receipts)
        sets, left_out = make_sets(maker, options.sets or maker.names, options.pages, cores)
        if not sets:
            raise BenchmarkError("There is nothing to read.")
        result = compare(specifications, sets, options.rounds, folder)
    return Comparison(**{**vars(result), "left_out": [*left_out, *result.left_out]})


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    # So that contestants are stopped and the folder is removed then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    if options.quick:
        options.rounds, options.pages = 1, _QUICK_PAGES
    try:
        result = run(options)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return _INTERRUPTED
    print(speed_report.markdown(result))
    if not options.quick:
        write(result, options.out)
    return 0


def _parser() -> argparse.ArgumentParser:
    names = [one.name for one in others(1)]
    parser = argparse.ArgumentParser(
        prog="python -m bench.speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sets", nargs="+", choices=tuple(SIZES), help="sets of pages (default: all)")
    parser.add_argument(
        "--receipts",
        metavar="FOLDER",
        type=Path,
        help="photographed receipts with ground truth (default: none)",
    )
    parser.add_argument(
        "--ours",
        nargs="+",
        choices=_PRECISIONS,
        default=[AUTO, "fp32"],
        help="precisions of Textmill, each a contestant of its own (default: auto fp32)",
    )
    parser.add_argument("--only", nargs="*", choices=names, help="of the others, these alone (default: all)")
    parser.add_argument("--rounds", type=positive, default=_ROUNDS, help="default: %(default)s")
    parser.add_argument(
        "--pages",
        metavar="FACTOR",
        type=float,
        default=1.0,
        help="times the usual number of pages of each set (default: %(default)s)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one round on a third of the pages, nothing is written: shows that it works",
    )
    parser.add_argument(
        "--out",
        metavar="FILE.json",
        type=Path,
        default=DEFAULT_OUT,
        help="where the figures go; the report is written beside it (default: bench/results/speed.json)",
    )
    return parser


def positive(text: str) -> int:
    """Return the number of at least 1 that an option holds; raises ValueError, as argparse wants it."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())

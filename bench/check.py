"""Fail when reading costs more than it did: `make bench-check`.

A few pages of each set are read by Textmill in one process and one thread, in turn with stock PaddleOCR, also
in one thread, on pages of the samples. What counts is the ratio of what both spend, in instructions where the
machine lets them be counted, in processor time elsewhere; the median over some rounds is compared with
bench/results/check.json. Seconds on a clock play no part, so other work on the machine hardly matters.

Exit status: 0 when nothing got slower, 1 when something did, 2 when there is nothing to compare with.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from bench import machine
from bench.check_baseline import Baseline, Conditions, find, judge, load, save
from bench.cost_meters import Meter, MeterFailed, best_meter
from bench.pairs import BenchmarkError
from bench.speed_contestants import AUTO, REPOSITORY, ContestantFailed, RunningContestant, ours, stock
from bench.speed_records import Job
from bench.speed_sets import SetMaker, Sizes

DEFAULT_BASELINE = REPOSITORY / "bench" / "results" / "check.json"
SIZES = {
    "samples": Sizes(scored=3, timed=3),
    "dense": Sizes(scored=1, timed=1),
    "born-digital": Sizes(scored=2, timed=2),
    "video": Sizes(scored=1, timed=1),
}
_YARDSTICK = "samples"
_ROUNDS = 5
_PRECISIONS = (AUTO, "int8", "bf16", "fp32")
_SLOWER, _NOTHING_TO_COMPARE = 1, 2


def measure(precision: str, rounds: int, meter: Meter) -> dict[str, float]:
    """Return what each set costs Textmill, as a share of what the yardstick costs stock PaddleOCR.

    Raises:
        BenchmarkError: media are missing.
        ContestantFailed: one of the two does not get through.
        MeterFailed: nothing is counted.
    """
    with tempfile.TemporaryDirectory(prefix="textmill-check-") as name:
        folder = Path(name)
        maker = SetMaker(folder, REPOSITORY / "samples", receipts=None)
        jobs = {name: maker.make(name, sizes).timed_job() for name, sizes in SIZES.items()}
        running: list[RunningContestant] = []
        try:
            for specification in (ours(precision, 1), stock(threads=1)):
                running.append(RunningContestant(specification, folder / f"{len(running)}.log"))
            own, yardstick = running
            return _ratios(own, yardstick, jobs, rounds, meter)
        finally:
            for one in running:
                one.stop()


def _ratios(
    own: RunningContestant,
    yardstick: RunningContestant,
    jobs: Mapping[str, Job],
    rounds: int,
    meter: Meter,
) -> dict[str, float]:
    # Once without counting: what is made ready at the first page of a kind is not what is asked about.
    yardstick.read(jobs[_YARDSTICK])
    for job in jobs.values():
        own.read(job)
    ratios: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(rounds):
        unit = meter.cost(yardstick.pid, lambda: yardstick.read(jobs[_YARDSTICK]))
        for name, job in jobs.items():
            ratios[name].append(_cost(own, job, meter) / unit)
        say(f"Round {number + 1}: " + ", ".join(f"{name} {found[-1]:.3f}" for name, found in ratios.items()))
    return {name: round(median(found), 4) for name, found in ratios.items()}


def _cost(contestant: RunningContestant, job: Job, meter: Meter) -> float:
    return meter.cost(contestant.pid, lambda: contestant.read(job))


def check(now: Baseline, baselines: Sequence[Baseline], tolerance: float) -> int:
    """Say what changed; returns the exit status."""
    before = find(baselines, now.conditions)
    if before is None:
        conditions = ", ".join(vars(now.conditions).values())
        say(f"There is no baseline for {conditions}: make one with make bench-check UPDATE=1.")
        return _NOTHING_TO_COMPARE
    verdict = judge(now, before, tolerance)
    for sentence in (*verdict.slower, *verdict.faster):
        print(sentence)
    if verdict.slower:
        return _SLOWER
    print(f"Nothing got slower ({now.conditions.meter}, {', '.join(now.ratios)}).")
    if verdict.faster:
        print("Keep it that way: make bench-check UPDATE=1.")
    return 0


def say(sentence: str) -> None:
    """Tell what is going on, apart from the results."""
    print(sentence, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    meter = best_meter()
    say(f"Comparing by {meter.name}.")
    try:
        ratios = measure(options.ours, options.rounds, meter)
    except (BenchmarkError, ContestantFailed, MeterFailed) as error:
        print(f"error: {error}", file=sys.stderr)
        return _NOTHING_TO_COMPARE
    now = Baseline(Conditions(machine.describe().cpu, meter.name, options.ours), ratios)
    if options.update:
        save(options.baseline, now)
        print(f"Written to {options.baseline}.")
        return 0
    tolerance = meter.tolerance if options.tolerance is None else options.tolerance
    return check(now, load(options.baseline), tolerance)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--update", action="store_true", help="write the baseline instead of comparing")
    parser.add_argument("--ours", choices=_PRECISIONS, default=AUTO, help="precision (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="default: %(default)s")
    parser.add_argument(
        "--tolerance", type=float, help="share by which a cost may grow (default: by what is counted)"
    )
    parser.add_argument("--baseline", metavar="FILE.json", type=Path, default=DEFAULT_BASELINE)
    return parser


if __name__ == "__main__":
    sys.exit(main())

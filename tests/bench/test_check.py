"""The check that notices when reading costs more than it did."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.check import check
from bench.check_baseline import Baseline, Conditions, find, judge, load, save
from bench.cost_meters import MeterFailed, PerfEvents, ProcessorTime, count_of

CONDITIONS = Conditions("Some Processor", "processor time", "auto")
BEFORE = Baseline(CONDITIONS, {"samples": 0.30, "dense": 0.50})


def now(**ratios: float) -> Baseline:
    return Baseline(CONDITIONS, ratios)


def test_what_got_slower_is_named_with_figures() -> None:
    verdict = judge(now(samples=0.30, dense=0.65), BEFORE, 0.15)
    assert verdict.slower == [
        "Reading the set dense got slower: it costs 0.650 of what stock PaddleOCR spends, 0.500 in the "
        "baseline: 30% more processor time (tolerance 15%)."
    ]
    assert verdict.faster == []


def test_changes_within_the_tolerance_are_none() -> None:
    verdict = judge(now(samples=0.33, dense=0.45), BEFORE, 0.15)
    assert (verdict.slower, verdict.faster) == ([], [])


def test_what_got_faster_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(now(samples=0.10, dense=0.50), [BEFORE], 0.15) == 0
    assert "samples got faster" in capsys.readouterr().out


def test_slower_is_exit_status_1_and_nothing_to_compare_with_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(now(samples=0.60), [BEFORE], 0.15) == 1
    elsewhere = Baseline(Conditions("Another Processor", "processor time", "auto"), {"samples": 0.3})
    assert check(elsewhere, [BEFORE], 0.15) == 2
    assert "UPDATE=1" in capsys.readouterr().err


def test_baselines_of_other_conditions_stay_when_one_is_written(tmp_path: Path) -> None:
    path = tmp_path / "results" / "check.json"
    other = Baseline(Conditions("Another Processor", "instructions:u", "fp32"), {"samples": 0.2})
    for baseline in (BEFORE, other, now(samples=0.25)):
        save(path, baseline)
    baselines = load(path)
    assert find(baselines, other.conditions) == other
    assert find(baselines, CONDITIONS) == now(samples=0.25)
    assert len(baselines) == 2


def test_without_a_file_there_are_no_baselines(tmp_path: Path) -> None:
    assert load(tmp_path / "check.json") == []


def test_counts_are_read_off_what_perf_says() -> None:
    assert count_of("# started on\n\n123456,,instructions:u,99,100.00,,\n") == 123456
    with pytest.raises(MeterFailed, match="not supported"):
        count_of("<not supported>,,instructions:u,0,100.00,,\n")


BUSY = "import sys\nfor line in sys.stdin:\n    sum(range(int(line)))\n    print('done', flush=True)\n"


def cost_of(meter: ProcessorTime | PerfEvents, steps: int) -> float:
    """What a process spends on adding up so many numbers."""
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def work() -> None:
            stdin.write(f"{steps}\n")
            stdin.flush()
            stdout.readline()

        try:
            return meter.cost(process.pid, work)
        finally:
            stdin.close()


def test_processor_time_grows_with_the_work() -> None:
    less, more = cost_of(ProcessorTime(), 5_000_000), cost_of(ProcessorTime(), 25_000_000)
    # Starting the process is in both.
    assert 1.3 < more / less < 10


def test_perf_counts_a_process_that_runs_already() -> None:
    # The one event that virtual machines let anybody count; instructions are counted in the same way.
    meter = PerfEvents("task-clock")
    if not meter.works():
        pytest.skip("There is no perf that may count on this machine.")
    less, more = cost_of(meter, 5_000_000), cost_of(meter, 25_000_000)
    # Starting the process is in both.
    assert 1.3 < more / less < 10

"""A run that is planned anew has no fewer batches than before."""

from __future__ import annotations

import shutil
from pathlib import Path

from textmill.records import BatchItem
from textmill.staging import BatchArea, RunArea, read_records
from textmill_airflow.replanning import batches_before, keep_as_many


def planned(run: RunArea, batches: int) -> list[str]:
    """What planning returns, and does to what was planned before."""
    shutil.rmtree(run.batches, ignore_errors=True)
    return [run.batch(batch_no).uri for batch_no in range(batches)]


def test_a_first_plan_is_left_as_it_is(tmp_path: Path) -> None:
    run = RunArea(tmp_path)
    assert batches_before(run) == 0
    assert keep_as_many(run, []) == []


def test_a_smaller_plan_is_filled_up_with_batches_without_items(tmp_path: Path) -> None:
    run = RunArea(tmp_path)
    keep_as_many(run, planned(run, 3))
    planned(run, 1)  # and is killed before it is through
    assert batches_before(run) == 3
    uris = keep_as_many(run, planned(run, 1))
    assert uris == [run.batch(batch_no).uri for batch_no in range(3)]
    assert all(list(read_records(BatchArea.at(uri).items, BatchItem)) == [] for uri in uris[1:])
    assert batches_before(run) == 3


def test_a_larger_plan_needs_no_filling(tmp_path: Path) -> None:
    run = RunArea(tmp_path)
    keep_as_many(run, planned(run, 1))
    uris = planned(run, 2)
    assert keep_as_many(run, list(uris)) == uris

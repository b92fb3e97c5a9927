"""When runs are due."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from pendulum import datetime

if TYPE_CHECKING:
    from airflow.timetables.base import DagRunInfo
    from pendulum import DateTime


def next_run(now: DateTime, *, last_day: int | None = None, last_type: str = "scheduled") -> DagRunInfo:
    """What is due next at `now`, after a run over a day of November."""
    from airflow.timetables import interval
    from airflow.timetables.base import TimeRestriction

    from textmill_airflow import timetables

    timetable = timetables.WholeIntervalTimetable("0 0 * * *", timezone="UTC")
    last = None
    if last_day is not None:
        start, end = datetime(2026, 11, last_day), datetime(2026, 11, last_day + 1)
        run = SimpleNamespace(
            run_type=last_type,
            run_after=end,
            data_interval_start=start,
            data_interval_end=end,
            logical_date=start,
            partition_date=None,
            partition_key=None,
        )
        last = timetable.run_info_from_dag_run(dag_run=run)  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interval, "utcnow", lambda: now)
        patch.setattr(timetables, "now", lambda zone: now)
        info = timetable.next_dagrun_info_v2(
            last_dagrun_info=last, restriction=TimeRestriction(None, None, catchup=False)
        )
    assert info is not None
    return info


def test_a_new_dag_waits_for_its_first_night() -> None:
    info = next_run(datetime(2026, 11, 24, 9, 30))
    assert info.run_after == datetime(2026, 11, 25)
    assert info.logical_date == datetime(2026, 11, 24)


def test_days_that_were_filled_in_do_not_start_a_night_that_was_never_due() -> None:
    info = next_run(datetime(2026, 11, 24, 9, 30), last_day=14, last_type="backfill")
    assert info.run_after == datetime(2026, 11, 25)


def test_a_missed_night_is_made_up_for_once() -> None:
    info = next_run(datetime(2026, 11, 24, 9, 30), last_day=20)
    assert info.run_after == datetime(2026, 11, 24)


def test_nights_follow_each_other() -> None:
    info = next_run(datetime(2026, 11, 24, 9, 30), last_day=23)
    assert (info.run_after, info.logical_date) == (datetime(2026, 11, 25), datetime(2026, 11, 24))


@pytest.mark.parametrize("second", [0, 1, 59])
def test_the_first_night_is_not_lost_when_the_dag_is_read_just_after_midnight(second: int) -> None:
    assert next_run(datetime(2026, 11, 25, 0, 0, second)).run_after == datetime(2026, 11, 25)

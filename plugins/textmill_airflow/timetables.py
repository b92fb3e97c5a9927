"""When runs are due, and which span of time each of them stands for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.timetables.base import DagRunInfo, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.utils.types import DagRunType
from pendulum import now

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.timetables.base import DataInterval

_GRACE = timedelta(minutes=1)
"""So long a first run stays due: the DAG may be read again between its hour and the scheduler's look."""


class WholeIntervalTimetable(CronDataIntervalTimetable):
    """Runs at the end of each interval of a cron expression, and waits for the first one.

    A backfill from the 10th to the 14th makes one run for each of these days, from midnight to midnight.
    (Airflow's `CronTriggerTimetable`, which would wait as well, makes those of the 9th to the 13th.)
    Airflow's `CronDataIntervalTimetable`, which this extends, starts a run for the interval that is just over
    as soon as a DAG is new, beside the one that somebody asks for. Here a DAG that never ran by its schedule,
    be it that days were filled in by hand, begins with the interval that goes on now. An interval that was
    missed later, because nothing was up at its end, is made up for at once, as in all of Airflow.
    """

    def run_info_from_dag_run(self, *, dag_run: DagRun) -> DagRunInfo:
        """Return what is known of the run after which the next one is planned.

        Airflow takes the latest of scheduled and backfill runs. That days were filled in says nothing about
        whether a night was missed.
        """
        info = super().run_info_from_dag_run(dag_run=dag_run)
        return info._replace(data_interval=None) if dag_run.run_type == DagRunType.BACKFILL_JOB else info

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Return the next run; see Airflow's documentation of custom timetables for its arguments."""
        if last_automated_data_interval is None and not restriction.catchup:
            current = self._align_to_prev(now("UTC") - _GRACE)
            earliest = max(current, restriction.earliest) if restriction.earliest else current
            restriction = TimeRestriction(earliest, restriction.latest, catchup=True)
        return super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )

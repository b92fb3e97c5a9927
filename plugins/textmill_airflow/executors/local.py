"""The executor of one machine: Airflow's own, without its waits.

Two things cost a run seconds, and every batch too, though nothing is computed in them:

- The scheduler sleeps between two passes, a second as it comes. A task that ends meanwhile is noticed after
  half of that on average, and a batch is four tasks long. Sleeping less would cost more than it saves, all
  the time: a pass takes some 35 ms of processor time, its queries included, a glance at running tasks one.
- A task is a fork of a process that has imported Airflow, and nothing of what tasks import.
"""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any

from airflow.executors.local_executor import LocalExecutor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from multiprocessing.connection import Connection

    from airflow.executors.workloads import ExecutorWorkload
    from airflow.models.taskinstancekey import TaskInstanceKey

LOOK_SECONDS = 1.0
"""How long the scheduler waits where nothing ends: as long as it sleeps in Airflow as it comes."""
GLANCE_SECONDS = 0.2
"""How long a task that ended may go unnoticed."""

NEEDED_BY_TASKS = (
    "textmill.stages.discover",
    "textmill.stages.plan",
    "textmill.stages.fetch",
    "textmill.stages.validate",
    "textmill.stages.load",
    "textmill.stages.report",
    "textmill.stages.publish",
    "textmill.staging_access",
    "pyarrow.parquet",
    "sqlalchemy.dialects.mysql.mysqldb",
)
"""What the tasks of a run import."""
_LANGUAGES = ("en",)
"""Whose words are at hand from the start; the lists of other languages are read where they are asked for."""


class WarmLocalExecutor(LocalExecutor):
    """Runs tasks in processes that have imported what tasks need, and has the scheduler look when one ends.

    To be used with a `scheduler_idle_sleep_time` close to zero: this waits in its place.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._has_sent = False
        self._noticed: set[TaskInstanceKey] = set()

    def start(self) -> None:
        """Import what tasks need, then start the processes of which tasks are forks."""
        import_what_tasks_need()
        super().start()

    def sync(self) -> None:
        """Take in which tasks have ended; without any, wait for one, no longer than a scheduler would sleep.

        Nothing is held meanwhile: the scheduler calls this between two transactions. Where tasks were sent
        just now there may be more that can be, and it goes on at once.
        """
        if not self._has_sent:
            self._wait_for_news()
        self._has_sent = False
        super().sync()

    def _process_workloads(self, workload_list: Sequence[ExecutorWorkload]) -> None:
        self._has_sent = bool(workload_list)
        super()._process_workloads(workload_list)  # type: ignore[no-untyped-call]

    def _wait_for_news(self) -> None:
        # The process that supervises a task tells of its end too, and with luck as soon. But it may have
        # missed the moment, and sleeps for up to `[workers] min_heartbeat_interval` then.
        told: Connection[Any, Any] = self.result_queue._reader  # type: ignore[attr-defined]
        deadline = time.monotonic() + LOOK_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            if told.poll(min(GLANCE_SECONDS, left)) or self._notice_ended():
                return

    def _notice_ended(self) -> bool:
        """Whether a running task has ended by the metadata, of which this was not known before."""
        running = _tasks_in(self.running)
        self._noticed &= running
        ended = _ended(running - self._noticed)
        self._noticed |= ended
        return bool(ended)


def import_what_tasks_need() -> None:
    """Import what tasks would import otherwise, one after the other, each anew."""
    from textmill.quality.importing import import_great_expectations
    from textmill.word_plausibility import plausible_share

    for module in NEEDED_BY_TASKS:
        importlib.import_module(module)
    import_great_expectations()
    plausible_share(["warmth", "wrmth"], _LANGUAGES)


def _tasks_in(keys: Iterable[object]) -> set[TaskInstanceKey]:
    """Executors run callbacks and tests of connections too."""
    from airflow.models.taskinstancekey import TaskInstanceKey

    return {key for key in keys if isinstance(key, TaskInstanceKey)}


def _ended(keys: set[TaskInstanceKey]) -> set[TaskInstanceKey]:
    """Those of some tasks that have ended by the metadata; of a task that is to be tried again, not yet."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskinstancekey import TaskInstanceKey
    from airflow.utils.session import create_session
    from airflow.utils.state import State
    from sqlalchemy import select, tuple_

    if not keys:
        return set()
    columns = [getattr(TaskInstance, name) for name in TaskInstanceKey._fields]
    asked = select(*columns).where(tuple_(*columns).in_(keys), TaskInstance.state.in_(State.finished))
    with create_session() as session:
        return {TaskInstanceKey(*row) for row in session.execute(asked)}

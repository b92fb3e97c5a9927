"""A Celery worker that is told to stop has its OCR tasks end after the page at hand.

Celery itself waits for its tasks, which may take hours (its warm shutdown). So when it is told to stop, by
SIGTERM or by `airflow celery shutdown-worker`, the worker writes the drain file; the tasks see it
(`textmill_airflow.operators.ocr_batch`) and end soon, each to be continued by another worker.

Celery imports this module in the worker's main process, and nowhere else, where its setting `imports` names
it: `AIRFLOW__CELERY__EXTRA_CELERY_CONFIG={"imports": ["textmill_airflow.draining"]}`.
"""

from __future__ import annotations

from typing import Any

from celery import bootsteps, signals
from celery.apps.worker import safe_say

from textmill_airflow.context import settings
from textmill_airflow.drain_file import DrainFile


def prepare(instance: Any = None, **_: Any) -> None:
    """Forget what an earlier worker was told, and listen to what this one is told."""
    drain_file = DrainFile(settings().drain_file)
    if drain_file.withdraw():
        safe_say(f"worker: an order to drain was left behind by an earlier worker: {drain_file} is removed.")
    instance.app.steps["worker"].add(DrainingStep)


def drain(sig: str = "", **_: Any) -> None:
    """Order the tasks to drain. Celery calls this in its handler of SIGTERM, SIGINT and SIGQUIT."""
    _order(f"The worker was told to stop by {sig}.")


class DrainingStep(bootsteps.Step):  # type: ignore[misc]  # Celery has no types
    """The same for all other ways in which a worker is stopped, of which Celery tells nobody else in time."""

    def close(self, worker: Any) -> None:
        """Order the tasks to drain; Celery waits for them after this."""
        _order("The worker was told to stop.")


def _order(why: str) -> None:
    # What writes to a log may be what the signal interrupted: this says it as Celery says such things.
    drain_file = DrainFile(settings().drain_file)
    if drain_file.is_ordered():
        return
    try:
        if drain_file.order(why):
            safe_say(
                f"worker: OCR tasks end after the page at hand, and go on elsewhere: {drain_file} is there."
            )
    except OSError as error:
        safe_say(
            f"worker: {drain_file} (TEXTMILL_DRAIN_FILE) cannot be written ({error.strerror}), so OCR tasks "
            f"go on: what takes too long is killed, and retried behind its last finished page."
        )


signals.celeryd_init.connect(prepare)
signals.worker_shutting_down.connect(drain)

"""Measure a whole run of the DAG in a private Airflow with databases of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Engine, Row, func, select, text

from bench.measurements import BatchTimes, TaskTimes, WholeRun
from bench.stack_watch import StackWatch
from stack import ingest, mariadb, ports, postgres
from stack.airflow_api import AirflowApi
from stack.airflow_configuration import MARK
from stack.lifecycle import Running, Stack
from stack.paths import REPOSITORY, Paths

_STATE_VARIABLE = "TEXTMILL_STATE"
_LOOK_SECONDS = 0.5

Say = Callable[[str], None]


class RunFailed(Exception):
    """The run did not get through, so there is nothing to measure."""


@contextmanager
def private_stack(
    state: Path, slots: int, say: Say, settings: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """A stack with its own state folder on ports of its own; stopped at the end of the block.

    Args:
        settings: variables of the environment besides.
    """
    environment = {
        **os.environ,
        **(settings or {}),
        _STATE_VARIABLE: str(state),
        "TEXTMILL_OCR_SLOTS": str(slots),
        **{wish.variable: str(ports.any_free_port()) for wish in ports.WISHES},
    }
    stack = Stack(Paths(repository=REPOSITORY, state=state), environment, say)
    try:
        yield stack.up()
    finally:
        stack.down()


def measure(
    running: Running, source: Path, before: Callable[[], None], say: Say, **params: str | bool | int | float
) -> WholeRun:
    """Ingest `source` once, with nothing else going on in that Airflow.

    Args:
        before: called when Airflow is ready and idle, just before the run is triggered.
        params: of the run, besides its source.

    Raises:
        RunFailed: the run failed, or Airflow had to try a task twice.
    """
    api = AirflowApi(running.ui_url, running.secrets.airflow_admin)
    airflow = _engine(postgres.airflow_url(running.secrets, running.settings.ports.postgres))
    warehouse = _engine(mariadb.loader_url(running.secrets, running.settings.ports.mariadb))
    try:
        _wait_until_parsed(api)
        before()
        with StackWatch(running.settings.paths.state, MARK) as watch:
            # The bare engine reads pictures only, so the run must not get by without reading.
            run_id = ingest.start_run(api, source, say, **{"text_layer": "never", **params})
            state = ingest.follow(running, api, run_id, ingest.LineView(say))
        if state != "success":
            raise RunFailed(f"The run ended as {state!r}: {ingest.run_page(running, run_id)}")
        return _collect(airflow, warehouse, run_id, running.settings.slots, watch)
    finally:
        airflow.dispose()
        warehouse.dispose()


def _wait_until_parsed(api: AirflowApi) -> None:
    while api.dag_is_paused(ingest.DAG) is None:
        time.sleep(_LOOK_SECONDS)


def _collect(airflow: Engine, warehouse: Engine, run_id: str, slots: int, watch: StackWatch) -> WholeRun:
    with airflow.connect() as connection:
        asked = text("SELECT start_date, end_date FROM dag_run WHERE run_id = :run_id")
        run = connection.execute(asked, {"run_id": run_id}).one()
        tasks = list(_tasks(connection, run_id, run.start_date))
        postgres_version = str(connection.execute(text("SHOW server_version")).scalar_one())
    retried = sorted({task.task for task in tasks if task.attempts > 1})
    if retried:
        raise RunFailed(f"Airflow had to try {', '.join(retried)} again; the time says nothing.")
    with warehouse.connect() as connection:
        books = _books(connection, run_id)
        batches = list(_batches(connection, books.id, _naive(run.start_date)))
        mariadb_version = str(connection.execute(text("SELECT version()")).scalar_one())
    return WholeRun(
        slots=slots,
        pages=books.pages_loaded,
        media=books.media_loaded,
        seconds=(books.finished_at - books.started_at).total_seconds(),
        airflow_seconds=(run.end_date - run.start_date).total_seconds(),
        books_opened=(books.started_at - _naive(run.start_date)).total_seconds(),
        batches=batches,
        tasks=tasks,
        peak_memory_mb=watch.peak_memory_mb,
        cpu_seconds=watch.cpu_seconds,
        versions={
            "apache-airflow": version("apache-airflow"),
            "mariadb": mariadb_version,
            "postgresql": postgres_version,
        },
    )


def _tasks(connection: sqlalchemy.Connection, run_id: str, start: datetime) -> Iterator[TaskTimes]:
    asked = text(
        "SELECT task_id, map_index, try_number, scheduled_dttm, queued_dttm, start_date, end_date"
        " FROM task_instance WHERE run_id = :run_id AND start_date IS NOT NULL ORDER BY start_date"
    )
    for row in connection.execute(asked, {"run_id": run_id}):
        moments = (row.scheduled_dttm, row.queued_dttm, row.start_date, row.end_date)
        scheduled, queued, started, ended = ((moment - start).total_seconds() for moment in moments)
        yield TaskTimes(row.task_id, row.map_index, row.try_number, scheduled, queued, started, ended)


def _books(connection: sqlalchemy.Connection, run_id: str) -> Row[Any]:
    from textmill.warehouse.tables import ingest_run

    return connection.execute(select(ingest_run).where(ingest_run.c.run_id == run_id)).one()


def _batches(connection: sqlalchemy.Connection, ingest_run_id: int, start: datetime) -> Iterator[BatchTimes]:
    from textmill.warehouse.tables import ingest_batch, page

    of_pages = dict(
        connection.execute(
            select(page.c.batch_no, func.sum(page.c.milliseconds))
            .where(page.c.ingest_run_id == ingest_run_id)
            .group_by(page.c.batch_no)
        )
        .tuples()
        .all()
    )
    rows = connection.execute(
        select(ingest_batch)
        .where(ingest_batch.c.ingest_run_id == ingest_run_id)
        .order_by(ingest_batch.c.batch_no)
    )
    for row in rows:
        moments = (row.ocr_started_at, row.ocr_finished_at, row.loaded_at)
        started, finished, loaded = ((moment - start).total_seconds() for moment in moments)
        seconds = float(of_pages.get(row.batch_no, 0)) / 1000
        yield BatchTimes(row.batch_no, row.pages_loaded, started, finished, loaded, seconds)


def _engine(url: sqlalchemy.URL) -> Engine:
    return sqlalchemy.create_engine(url)


def _naive(moment: datetime) -> datetime:
    """A moment as the warehouse writes it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)

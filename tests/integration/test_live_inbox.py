"""A whole stack that watches an inbox: files that are dropped there become text, and the words of the day."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import Engine, text

from stack import leftovers, mariadb
from stack.airflow_api import AirflowApi
from stack.airflow_configuration import MARK
from stack.lifecycle import Running, Stack
from stack.paths import Paths
from textmill.warehouse.connection import warehouse_engine

pytestmark = pytest.mark.slow

_SECONDS = 150


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("in box")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, inbox: Path) -> Iterator[Stack]:
    state = tmp_path_factory.mktemp("live") / "state"
    own = ("AIRFLOW", "COVERAGE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment |= {"TEXTMILL_STATE": str(state), "TEXTMILL_INBOX": str(inbox)}
    stack = Stack(Paths.from_environment(environment), environment, lambda sentence: None)
    yield stack
    assert stack.down() == 0, "processes outlived the supervisor"
    assert leftovers.find(stack.paths.state) == []


@pytest.fixture(scope="module")
def running(stack: Stack) -> Running:
    return stack.up()


@pytest.fixture
def live(running: Running) -> Iterator[Engine]:
    with warehouse_engine(mariadb.loader_url(running.secrets, running.settings.ports.mariadb)) as engine:
        yield engine


def rows(warehouse: Engine, sql: str) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def wait_until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < deadline, f"it never happened: {what}"
        time.sleep(0.5)


def loaded(warehouse: Engine) -> list[tuple[Any, ...]]:
    """Finished runs in order: how many media each loaded."""
    sql = "SELECT media_loaded FROM v_run WHERE state = 'success' ORDER BY started_at"
    return rows(warehouse, sql)


def runs_of(running: Running, dag_id: str) -> list[str]:
    api = AirflowApi(running.ui_url, running.secrets.airflow_admin)
    answer = api._call("GET", f"/api/v2/dags/{dag_id}/dagRuns")
    assert answer
    return [run["state"] for run in answer["dag_runs"]]


def write_slowly(source: Path, target: Path) -> None:
    """Write a file in ten pieces, one every half second."""
    content = source.read_bytes()
    size = len(content) // 10 + 1
    with target.open("wb") as file:
        for start in range(0, len(content), size):
            file.write(content[start : start + size])
            file.flush()
            time.sleep(0.5)


def test_a_burst_is_one_run_with_whole_files_and_a_later_file_another(
    running: Running, live: Engine, inbox: Path, samples: Path
) -> None:
    (inbox / "deeper").mkdir()
    shutil.copy(samples / "memo-moving.png", inbox)
    shutil.copy(samples / "letter-council.jpg", inbox / "deeper")
    write_slowly(samples / "report-minutes.pdf", inbox / "slowly.pdf")
    wait_until(lambda: loaded(live) == [(3,)], "one run that loads the three files")
    assert rows(live, "SELECT page_count FROM v_document WHERE uri LIKE '%/slowly.pdf'") == [(2,)]
    assert rows(live, "SELECT * FROM v_quarantine") == []

    shutil.copy(samples / "table-ferry.png", inbox)
    wait_until(lambda: loaded(live) == [(3,), (1,)], "a second run for the later file")
    wait_until(lambda: runs_of(running, "media_inbox") == ["success"] * 2, "two runs that rang the bell")


def test_the_words_of_the_day_follow_every_run(running: Running, live: Engine) -> None:
    # Its second run may have been taken together with the first.
    wait_until(
        lambda: (
            set(runs_of(running, "example_downstream")) == {"success"}
            and rows(live, "SELECT COUNT(*) FROM example_keyword_daily WHERE keyword = 'kilbrannan'")
            == [(1,)]
        ),
        "a run of the example after the last file",
    )


def test_files_that_come_while_the_triggerer_is_down_are_not_lost(
    running: Running, live: Engine, stack: Stack, inbox: Path, samples: Path
) -> None:
    before = len(loaded(live))
    for process in psutil.process_iter(["cmdline"]):
        if "triggerer" in (process.info["cmdline"] or []) and process.environ().get(MARK) == str(
            stack.paths.state
        ):
            process.kill()
    shutil.copy(samples / "receipt-grocer.jpg", inbox)
    wait_until(lambda: (1,) in loaded(live)[before:], "a run that loads what came meanwhile")


def test_nothing_more_runs_when_nothing_more_comes(running: Running) -> None:
    time.sleep(10)
    wait_until(lambda: "running" not in runs_of(running, "media_ingest"), "the end of the last run")
    count = len(runs_of(running, "media_ingest"))
    time.sleep(10)
    assert len(runs_of(running, "media_ingest")) == count

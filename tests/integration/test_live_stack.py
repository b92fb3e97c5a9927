"""A whole stack with a live scheduler: what is killed in the middle is continued by the retry."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import pytest
from sqlalchemy import Engine, text

from stack import leftovers, mariadb
from stack.airflow_api import AirflowApi
from stack.airflow_configuration import MARK
from stack.lifecycle import Running, Stack
from stack.paths import Paths
from textmill.checkpoint import read_progress
from textmill.warehouse.connection import warehouse_engine

_RUN_SECONDS = 240


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """MariaDB, PostgreSQL and Airflow in a state folder of their own."""
    state = tmp_path_factory.mktemp("live") / "state"
    own = ("AIRFLOW", "COVERAGE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment |= {"TEXTMILL_STATE": str(state), "TEXTMILL_STABLE_SECONDS": "0"}
    stack = Stack(Paths.from_environment(environment), environment, lambda sentence: None)
    yield stack
    assert stack.down() == 0, "processes outlived the supervisor"
    assert leftovers.find(stack.paths.state) == []


@pytest.fixture(scope="module")
def running(stack: Stack) -> Running:
    return stack.up()


@pytest.fixture(scope="module")
def live_warehouse(running: Running) -> Iterator[Engine]:
    with warehouse_engine(mariadb.loader_url(running.secrets, running.settings.ports.mariadb)) as engine:
        yield engine


@pytest.fixture(scope="module")
def source(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("in")
    for name in ("report-bridge.pdf", "report-saltmarsh.pdf", "columns-clocks.pdf"):
        shutil.copy(samples / name, folder)
    return folder


class Run:
    """One run of the DAG in the live stack."""

    def __init__(self, running: Running, **conf: Any) -> None:
        self._api = AirflowApi(running.ui_url, running.secrets.airflow_admin)
        self._staging = running.settings.paths.staging
        self._state = running.settings.paths.state
        self.run_id = self._api.trigger("media_ingest", conf)

    def pages_done(self) -> int:
        """Pages in the checkpoints of this run."""
        return sum(
            len(read_progress(path).finished_pages)
            for path in (self._staging / "runs").glob("*/batches/*/pages.jsonl")
            if self.run_id.split("T")[1][:8] in path.parts[-4].replace("%3A", ":")
        )

    def ocr_process(self) -> psutil.Process | None:
        """The OCR process that is at work, if there is one."""
        for process in psutil.process_iter(["cmdline", "environ"]):
            environment = process.info["environ"] or {}
            is_worker = "textmill.worker" in (process.info["cmdline"] or [])
            if is_worker and environment.get(MARK) == str(self._state):
                return process
        return None

    def wait_for_pages(self, pages: int) -> psutil.Process:
        """Wait until so many pages are in the checkpoint and return the OCR process."""
        deadline = time.monotonic() + _RUN_SECONDS
        while time.monotonic() < deadline:
            process = self.ocr_process()
            if process is not None and self.pages_done() >= pages:
                return process
            time.sleep(0.1)
        pytest.fail("the OCR process never came that far")

    def wait(self) -> str:
        """Wait for the end of the run and return its state."""
        deadline = time.monotonic() + _RUN_SECONDS
        while time.monotonic() < deadline:
            state = self._api.run_state("media_ingest", self.run_id)
            if state in ("success", "failed"):
                return state
            time.sleep(1)
        pytest.fail("the run did not end")


def pages(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        sql = "SELECT sha256, page_no, text, confidence, loaded_at, run_id FROM v_page ORDER BY 1, 2"
        return list(connection.execute(text(sql)).all())


def ocr_logs(running: Running, run_id: str) -> str:
    folder = running.settings.paths.logs
    return "".join(
        path.read_text()
        for path in sorted(folder.rglob("*.log"))
        if run_id in str(path) and "ocr" in str(path)
    )


def test_killed_ocr_process_and_killed_task_continue_where_they_were(
    running: Running, live_warehouse: Engine, source: Path
) -> None:
    run = Run(running, source=str(source))
    victim = run.wait_for_pages(3)
    victim.send_signal(signal.SIGKILL)
    victim.wait(10)
    reached = run.pages_done()

    victim = run.wait_for_pages(reached + 2)
    task = victim.parent()
    assert task is not None
    task.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs([victim], timeout=10)
    # Where no init collects the dead, as in many containers, one that has ended stays as a zombie.
    assert all(process.status() == psutil.STATUS_ZOMBIE for process in alive), "it outlived its task"

    assert run.wait() == "success"
    logs = ocr_logs(running, run.run_id)
    assert f"{reached} pages were finished before" in logs
    assert "was killed by SIGKILL" in logs
    disturbed = pages(live_warehouse)
    assert len(disturbed) == 11

    # An undisturbed run over the same pages finds every one of them as it is: it rewrites none.
    assert Run(running, source=str(source), reread="everything").wait() == "success"
    assert pages(live_warehouse) == disturbed


def test_a_checked_batch_links_to_its_report_which_only_users_see(
    running: Running, samples: Path, tmp_path: Path
) -> None:
    shutil.copy(samples / "notes-tides.txt", tmp_path)
    run = Run(running, source=str(tmp_path))
    assert run.wait() == "success"
    api = AirflowApi(running.ui_url, running.secrets.airflow_admin)
    task = f"/api/v2/dags/media_ingest/dagRuns/{quote(run.run_id, safe='')}/taskInstances/batch.validate"
    links = api._call("GET", f"{task}/links", parameters={"map_index": "0"})
    assert links
    link = links["extra_links"]["Quality report"]
    assert link.startswith(f"{running.ui_url}/textmill/quality/")

    report = api._request("GET", link, None, None)
    assert report.status_code == 200
    assert "Quality of batch 0" in report.text
    assert "sandbox" in report.headers["content-security-policy"]
    assert httpx.get(link, trust_env=False).status_code == 401
    outside = f"{running.ui_url}/textmill/quality/%2e%2e/%2e%2e/airflow/airflow.cfg"
    assert api._request("GET", outside, None, None).status_code == 404


def test_a_new_stack_runs_only_what_it_is_asked_for(live_warehouse: Engine) -> None:
    with live_warehouse.connect() as connection:
        runs = connection.execute(text("SELECT run_id FROM v_run")).scalars().all()
    assert [run_id for run_id in runs if not run_id.startswith("manual__")] == []


def test_passwords_are_in_no_log(running: Running) -> None:
    paths = running.settings.paths
    secrets = [getattr(running.secrets, item.name) for item in fields(running.secrets)]
    for log in (path for path in paths.logs.rglob("*") if path.is_file()):
        content = log.read_text(errors="replace")
        assert not any(secret in content for secret in secrets), log

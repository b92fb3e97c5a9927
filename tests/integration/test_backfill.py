"""Days that are filled in on a live stack: by command and over the API, again, and beside a nightly run."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from stack import mariadb
from stack.airflow_configuration import ADMIN
from stack.lifecycle import Running, Stack
from stack.paths import Paths
from stack.terminal_programs import airflow_command
from textmill.checkpoint import read_progress
from textmill.warehouse.connection import warehouse_engine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

DAYS = [
    datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=day)
    for day in range(10, 4, -1)
]
"""Midnights: five days begin with all but the last."""
_SECONDS = 600


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    state = tmp_path_factory.mktemp("backfill") / "state"
    own = ("AIRFLOW", "COVERAGE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment |= {"TEXTMILL_STATE": str(state)}
    stack = Stack(Paths.from_environment(environment), environment, lambda sentence: None)
    yield stack
    assert stack.down() == 0, "processes outlived the supervisor"


@pytest.fixture(scope="module")
def running(stack: Stack) -> Running:
    return stack.up()


@pytest.fixture(scope="module")
def live_warehouse(running: Running) -> Iterator[Engine]:
    with warehouse_engine(mariadb.loader_url(running.secrets, running.settings.ports.mariadb)) as engine:
        yield engine


class Api:
    """As much of Airflow's REST API as an operator would call."""

    def __init__(self, running: Running) -> None:
        login = {"username": ADMIN, "password": running.secrets.airflow_admin}
        token = httpx.post(f"{running.ui_url}/auth/token", json=login, trust_env=False).json()["access_token"]
        self._client = httpx.Client(
            base_url=f"{running.ui_url}/api/v2",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
        )

    def backfill(self, source: Path, reprocess: str = "none") -> None:
        """Fill the five days in. The form ends with the last moment of the last day, as here."""
        body = {
            "dag_id": "media_ingest",
            "from_date": DAYS[0].isoformat(),
            "to_date": (DAYS[5] - timedelta(milliseconds=1)).isoformat(),
            "reprocess_behavior": reprocess,
            "dag_run_conf": conf(source),
            "max_active_runs": 2,
        }
        self._client.post("/backfills", json=body).raise_for_status()

    def trigger(self, source: Path) -> None:
        """Start a run that takes everything, as the one at night does."""
        body = {"logical_date": None, "conf": conf(source)}
        self._client.post("/dags/media_ingest/dagRuns", json=body).raise_for_status()

    def runs(self) -> list[dict[str, Any]]:
        """All runs, the earliest interval first; those without one at the end."""
        answer = self._client.get("/dags/media_ingest/dagRuns", params={"limit": 100}).raise_for_status()
        return sorted(answer.json()["dag_runs"], key=lambda run: run["data_interval_start"] or "9")

    def wait(self) -> None:
        """Wait until all runs are through, and Airflow has noticed that the backfill is."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            backfills = self._client.get("/backfills", params={"dag_id": "media_ingest"}).json()["backfills"]
            states = {run["state"] for run in self.runs()}
            if states <= {"success", "failed"} and all(entry["completed_at"] for entry in backfills):
                return
            time.sleep(2)
        pytest.fail("the runs did not end")


def conf(source: Path) -> dict[str, str]:
    return {"source": str(source), "engine": "tesseract"}


@pytest.fixture(scope="module")
def api(running: Running) -> Api:
    return Api(running)


def make_media(folder: Path, samples: Path, moments: list[datetime]) -> Path:
    """A receipt for each moment, modified then; they differ in a comment."""
    folder.mkdir()
    receipt = (samples / "receipt-grocer.jpg").read_bytes()
    for number, moment in enumerate(moments):
        comment = f"{folder.name} {number}".encode()
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        path = folder / f"{number:02d}.jpg"
        path.write_bytes(receipt[:2] + segment + receipt[2:])
        os.utime(path, (moment.timestamp(), moment.timestamp()))
    return folder


def first_and_last_moments() -> list[datetime]:
    last = timedelta(seconds=86399)
    return [moment for day in DAYS[:5] for moment in (day, day + last)]


@pytest.fixture(scope="module")
def source(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two media a day, by their numbers; two more lie just outside of the five days."""
    moments = [*first_and_last_moments(), DAYS[0] - timedelta(seconds=1), DAYS[5]]
    return make_media(tmp_path_factory.mktemp("in") / "first", samples, moments)


def pages(engine: Engine, folder: Path) -> list[Any]:
    with engine.connect() as connection:
        sql = "SELECT uri, run_id, page_no, loaded_at, text FROM v_page WHERE uri LIKE :below ORDER BY uri"
        return list(connection.execute(text(sql), {"below": f"{folder.as_uri()}/%"}).all())


def pages_read(running: Running) -> Counter[tuple[str, int]]:
    """How often each page was read, by the checkpoints of all runs."""
    checkpoints = (running.settings.paths.staging / "runs").glob("*/batches/*/pages.jsonl")
    return Counter(page for path in checkpoints for page in read_progress(path).finished_pages)


def test_each_day_is_loaded_by_the_run_of_that_day_and_no_other_run_is_made(
    running: Running, api: Api, live_warehouse: Engine, source: Path
) -> None:
    command = (
        f"backfill create --dag-id media_ingest --from-date {DAYS[0]:%Y-%m-%d} --to-date {DAYS[4]:%Y-%m-%d} "
        f"""--dag-run-conf '{{"source": "{source}", "engine": "tesseract"}}'"""
    )
    words, environment = airflow_command(running, os.environ, command, [])
    # Until the DAG was read for the first time, Airflow does not know it.
    deadline = time.monotonic() + 60
    while (done := subprocess.run(words, env=environment, capture_output=True, text=True)).returncode:
        assert time.monotonic() < deadline, done.stderr[-2000:]
    api.wait()

    runs = api.runs()
    spans = [(run["data_interval_start"], run["data_interval_end"]) for run in runs]
    assert [tuple(datetime.fromisoformat(end) for end in span) for span in spans] == list(pairwise(DAYS))
    assert {(run["state"], run["run_type"]) for run in runs} == {("success", "backfill")}
    loaded = {row.uri.rpartition("/")[2]: row.run_id for row in pages(live_warehouse, source)}
    expected = {
        f"{2 * day + one:02d}.jpg": run["dag_run_id"] for day, run in enumerate(runs) for one in (0, 1)
    }
    assert loaded == expected
    assert set(pages_read(running).values()) == {1}


def test_filling_completed_days_in_again_changes_nothing(
    running: Running, api: Api, live_warehouse: Engine, source: Path
) -> None:
    before = pages(live_warehouse, source)
    assert len(before) == 10
    api.backfill(source, reprocess="completed")
    api.wait()
    assert [run["state"] for run in api.runs()] == ["success"] * 5
    assert pages(live_warehouse, source) == before
    # Planning a run anew removes its checkpoints: these are of the second time.
    assert not pages_read(running)


def test_a_run_over_everything_beside_a_backfill_reads_nothing_twice_and_misses_nothing(
    running: Running, api: Api, live_warehouse: Engine, samples: Path, tmp_path: Path
) -> None:
    source = make_media(tmp_path / "second", samples, first_and_last_moments())
    before = pages_read(running)
    api.backfill(source, reprocess="completed")
    api.trigger(source)
    api.wait()
    assert {run["state"] for run in api.runs()} == {"success"}
    assert len(pages(live_warehouse, source)) == 10
    read = pages_read(running) - before
    assert len(read) == 10
    assert set(read.values()) == {1}

"""Celery workers that share no disk: one is told to stop, one is lost, and another goes on with the batch."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from s3_server import connection, make_bucket, running_s3
from sqlalchemy import Engine, text

from stack import airflow_configuration, leftovers, mariadb, ports
from stack.airflow_api import AirflowApi
from stack.lifecycle import Running, Stack
from stack.paths import Paths
from textmill.checkpoint import PageKey, read_events, read_pages, read_progress
from textmill.object_folder import ObjectFolder
from textmill.records import PageLeft, PageStarted
from textmill.shared_staging.checkpoint_parts import bring_checkpoint
from textmill.warehouse.connection import warehouse_engine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

_SECONDS = 600
CHECKPOINT_SECONDS = 5


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of its own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("There is no redis-server here: apt-get install redis-server.")
    port = ports.any_free_port()
    folder = str(tmp_path_factory.mktemp("redis"))
    server = subprocess.Popen([program, "--port", str(port), "--save", "", "--dir", folder])
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with running_s3() as endpoint:
        make_bucket(filesystem(endpoint), "staging")
        yield endpoint


def filesystem(endpoint: str) -> Any:
    import s3fs
    from s3_server import LOGIN, PASSWORD

    return s3fs.S3FileSystem(
        key=LOGIN,
        secret=PASSWORD,
        client_kwargs={"endpoint_url": endpoint, "region_name": "eu-central-1"},
        skip_instance_cache=True,
    )


@pytest.fixture(scope="module")
def stack(redis: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of which the scheduler hands tasks to Celery."""
    state = tmp_path_factory.mktemp("live") / "state"
    own = ("AIRFLOW", "COVERAGE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment |= {
        "TEXTMILL_STATE": str(state),
        "TEXTMILL_STABLE_SECONDS": "0",
        "TEXTMILL_OCR_SLOTS": "2",
        "TEXTMILL_STAGING_STORE": "s3://staging/area",
        "TEXTMILL_STAGING_CONNECTION": "staging_store",
        "TEXTMILL_CHECKPOINT_SECONDS": str(CHECKPOINT_SECONDS),
    }
    original = airflow_configuration._sections

    def with_celery(*arguments: Any) -> dict[str, dict[str, str]]:
        sections = original(*arguments)
        sections["core"]["executor"] = "CeleryExecutor"
        sections["celery"] = {
            "broker_url": redis,
            "result_backend": redis,
            "extra_celery_config": '{"imports": ["textmill_airflow.draining"]}',
        }
        return sections

    airflow_configuration._sections = with_celery
    stack = Stack(Paths.from_environment(environment), environment, lambda sentence: None)
    yield stack
    airflow_configuration._sections = original
    stack.down()
    assert leftovers.find(stack.paths.state) == []


@pytest.fixture(scope="module")
def running(stack: Stack) -> Running:
    return stack.up()


@pytest.fixture(scope="module")
def live_warehouse(running: Running) -> Iterator[Engine]:
    with warehouse_engine(mariadb.loader_url(running.secrets, running.settings.ports.mariadb)) as engine:
        yield engine


@dataclass
class Machine:
    """A Celery worker with a disk of its own."""

    name: str
    folder: Path
    process: subprocess.Popen[bytes]

    def checkpoint(self) -> Path | None:
        """What it has read of the batch that it works on, or worked on when it was lost."""
        return next(iter(self.folder.rglob("pages.jsonl")), None)

    def pages(self) -> int:
        path = self.checkpoint()
        try:
            return read_progress(path).pages_read if path else 0
        except FileNotFoundError:
            return 0

    def has_drained(self) -> bool:
        return (self.folder / "run" / "draining").exists()

    def lose(self) -> None:
        """Let nothing of it be left, at once, but its disk."""
        processes = [psutil.Process(self.process.pid)]
        processes += processes[0].children(recursive=True)
        for process in processes:
            process.suspend()
        for process in processes:
            process.kill()
        self.process.wait()

    def log(self) -> str:
        return (self.folder / "worker.log").read_text(errors="replace")


Start = Callable[[str, str], Machine]


@pytest.fixture
def start(stack: Stack, running: Running, s3: str, tmp_path: Path) -> Iterator[Start]:
    """Start a machine for a queue."""
    machines: list[Machine] = []
    base = airflow_configuration.environment(running.settings, stack._environ)

    def begin(name: str, queue: str) -> Machine:
        folder = tmp_path / name
        folder.mkdir()
        environment = base | {
            "AIRFLOW_CONN_STAGING_STORE": connection(s3),
            "TEXTMILL_STAGING_DIR": str(folder / "staging"),
            "TEXTMILL_DRAIN_FILE": str(folder / "run" / "draining"),
        }
        with (folder / "worker.log").open("wb") as out:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "airflow", "celery", "worker", "--skip-serve-logs"),
                    *("--queues", queue, "--concurrency", "1", "--celery-hostname", name),
                    *("--pid", str(folder / "worker.pid")),
                ],
                env=environment,
                stdout=out,
                stderr=out,
                cwd=stack.paths.repository,
                start_new_session=True,
            )
        machines.append(Machine(name, folder, process))
        return machines[-1]

    yield begin
    for machine in machines:
        if machine.process.poll() is None:
            machine.lose()


class Run:
    """A run of the DAG over one document in one batch."""

    def __init__(self, running: Running, s3: str, source: Path) -> None:
        self._api = AirflowApi(running.ui_url, running.secrets.airflow_admin)
        self._store = ObjectFolder(filesystem(s3), "s3://staging/area")
        self.run_id = self._api.trigger(
            "media_ingest",
            {"source": str(source), "reread": "everything", "max_batches": 1, "text_layer": "never"},
        )

    def until_pages(self, machine: Machine, pages: int) -> None:
        self._until(lambda: machine.pages() >= pages, f"{machine.name} never came to page {pages}")

    def wait(self) -> None:
        self._until(
            lambda: self._api.run_state("media_ingest", self.run_id) in ("success", "failed"),
            "it never ended",
        )
        assert self._api.run_state("media_ingest", self.run_id) == "success"

    def _until(self, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + _SECONDS
        while not condition():
            assert time.monotonic() < deadline, complaint
            time.sleep(0.1)

    def ocr_task(self) -> dict[str, Any]:
        from urllib.parse import quote

        path = f"/api/v2/dags/media_ingest/dagRuns/{quote(self.run_id, safe='')}/taskInstances/batch.ocr/0"
        return self._api._call("GET", path) or {}

    def checkpoint(self, path: Path) -> Path:
        """The checkpoint as it lies in the store."""
        (parts,) = {
            one.name.partition("/pages.jsonl/")[0]
            for one in self._store.objects()
            if "/pages.jsonl/" in one.name and _in_name(self.run_id) in one.name
        }
        bring_checkpoint(self._store.below(f"{parts}/pages.jsonl"), path)
        return path


def _in_name(run_id: str) -> str:
    from textmill.staging import Staging

    return Staging(Path("/")).run(run_id).folder.name


def times_begun(path: Path) -> Counter[PageKey]:
    begun: Counter[PageKey] = Counter()
    for event in read_events(path):
        match event:
            case PageStarted() if event.page_no:
                begun[event.sha256, event.page_no] += 1
            case PageLeft():
                begun[event.sha256, event.page_no] -= 1
            case _:
                pass
    return begun


def rows(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        sql = "SELECT sha256, page_no, text, confidence, loaded_at FROM v_page ORDER BY 1, 2"
        return list(connection.execute(text(sql)).all())


@contextmanager
def seconds_told(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    say(f"{what}: {time.monotonic() - began:.1f} s")


def say(sentence: str) -> None:
    """Tell a figure to whoever runs this with -s."""
    print(sentence)  # noqa: T201


def read_keys(path: Path) -> list[PageKey]:
    return [(page.sha256, page.page_no) for page in read_pages(path)]


@pytest.fixture(scope="module")
def source(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of some twenty pages."""
    folder = tmp_path_factory.mktemp("in")
    for path in (*samples.glob("*.pdf"), *samples.glob("*.png"), *samples.glob("*.jpg")):
        shutil.copy(path, folder)
    return folder


def test_a_machine_that_is_told_to_stop_and_one_that_is_lost_cost_at_most_the_page_at_hand(
    start: Start, running: Running, s3: str, source: Path, live_warehouse: Engine, tmp_path: Path
) -> None:
    start("others", "default")
    drained = start("drained", "ocr")
    run = Run(running, s3, source)
    run.until_pages(drained, 3)
    with seconds_told("from SIGTERM to the end of the worker"):
        drained.process.send_signal(signal.SIGTERM)
        assert drained.process.wait(_SECONDS) == 0, drained.log()
    assert drained.has_drained()
    then = read_keys(run.checkpoint(tmp_path / "then.jsonl"))
    task = run.ocr_task()
    assert task["state"] in ("up_for_reschedule", "scheduled", "queued"), task["state"]
    assert task["try_number"] == 1

    lost = start("lost", "ocr")
    run.until_pages(lost, len(then) + 4)
    lost.lose()
    disk = lost.checkpoint()
    assert disk is not None
    on_its_disk = read_keys(disk)
    told = read_keys(run.checkpoint(tmp_path / "told.jsonl"))
    say(f"drained after {len(then)} pages; lost after {len(on_its_disk)}, of which {len(told)} were told")

    start("last", "ocr")
    with seconds_told("from the loss of a machine to the end of the run"):
        run.wait()
    final = run.checkpoint(tmp_path / "final.jsonl")
    keys = read_keys(final)
    assert len(keys) == len(set(keys)), "no page is twice in the checkpoint"
    begun = times_begun(final)
    say(f"read twice after SIGTERM: {sum(begun[key] > 1 for key in then)}")
    say(f"read twice after kill -9: {len(on_its_disk) - len(told)} and the page at hand")
    assert all(begun[key] == 1 for key in then)
    assert run.ocr_task()["try_number"] == 2, "only the lost machine used up a retry"

    disturbed = rows(live_warehouse)
    Run(running, s3, source).wait()
    assert rows(live_warehouse) == disturbed
    assert disturbed


def test_a_pod_s_sigterm_behind_the_drain_file_lets_the_page_at_hand_be_finished(
    start: Start, running: Running, s3: str, source: Path, tmp_path: Path
) -> None:
    """What Kubernetes does: a hook makes the file, and the task's supervisor is sent SIGTERM."""
    start("others", "default")
    pod = start("pod", "ocr")
    run = Run(running, s3, source)
    run.until_pages(pod, 3)
    (reader,) = (
        one
        for one in psutil.Process(pod.process.pid).children(recursive=True)
        if "textmill.worker" in one.cmdline()
    )
    task = reader.parent()
    assert task is not None
    supervisor = task.parent()
    assert supervisor is not None
    (pod.folder / "run").mkdir(exist_ok=True)
    (pod.folder / "run" / "draining").touch()
    supervisor.terminate()
    run._until(lambda: run.ocr_task()["state"] != "running", "it went on")
    assert run.ocr_task()["state"] in ("up_for_reschedule", "scheduled", "queued")
    assert run.ocr_task()["try_number"] == 1
    told = run.checkpoint(tmp_path / "told.jsonl")
    reached = read_keys(told)
    say(f"{len(reached)} pages were read when the pod ended")
    assert set(times_begun(told).values()) == {1}
    assert set(times_begun(told)) == set(reached), "the page at hand was finished"
    (pod.folder / "run" / "draining").unlink()
    run.wait()
    final = run.checkpoint(tmp_path / "final.jsonl")
    assert all(times == 1 for times in times_begun(final).values())

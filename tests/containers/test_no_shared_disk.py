"""OCR workers that share no disk: the staging area is in an object store, and log files are their own."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from container_engine import ContainerEngine
from container_project import wait_for
from container_stack import HEALTHY_SECONDS, MEDIA, OCR_WORKER, ContainerStack, container_stack
from measured_figures import Figures
from one_machine import Reference, empty
from rest_run import RestRun
from warehouse_rows import comparable_rows

pytestmark = pytest.mark.timeout(1800)

_SECOND, _SPARE = "ocr-worker-two", "ocr-worker-three"
_BUCKET = "staging"
_RUN_SECONDS = 1200.0
_GRACE_SECONDS = 120
_HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def s3_image(engine: ContainerEngine) -> str:
    """An S3 server, built here: nothing of it belongs into Textmill's own image."""
    name = "localhost/textmill-test-s3"
    base = os.environ.get("BASE_IMAGE")
    arguments = ["--build-arg", f"BASE_IMAGE={base}"] if base else []
    engine.run("build", "--network=host", *arguments, "-t", name, str(_HERE / "s3"), seconds=900)
    return name


@pytest.fixture(scope="module")
def stack(
    engine: ContainerEngine,
    settings: dict[str, str],
    s3_image: str,
    reference: Reference,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ContainerStack]:
    """Everything, with two OCR workers; a third was created and waits to be started."""
    folder = tmp_path_factory.mktemp("apart")
    connections = folder / "connections.json"
    store = {
        "conn_type": "aws",
        "login": "textmill",
        "password": "textmill-secret",
        "extra": {"endpoint_url": "http://s3:5000", "region_name": "us-east-1"},
    }
    connections.write_text(json.dumps({"staging": store}))
    connections.chmod(0o644)
    more = {
        "TEST_S3_IMAGE": s3_image,
        "TEXTMILL_CONNECTIONS": str(connections),
        "TEXTMILL_STAGING_STORE": f"s3://{_BUCKET}/area",
        "TEXTMILL_STAGING_CONNECTION": "staging",
        "OCR_WORKER_SLOTS": "1",
    }
    changes = _HERE / "compose.s3.yaml"
    with container_stack(engine, "textmill-test-apart", folder, settings | more, changes) as stack:
        stack.create()
        spare = stack.container(_SPARE)
        for containers in stack.services().values():
            for container in containers:
                if container != spare:
                    stack.start(container)
        store_url = f"http://127.0.0.1:{stack.settings['TEST_S3_PORT']}/{_BUCKET}"
        wait_for(lambda: is_made(store_url), 60, "the bucket is made")
        stack.wait_until_healthy(HEALTHY_SECONDS, but=[spare])
        yield stack


def is_made(bucket: str) -> bool:
    try:
        return httpx.put(bucket, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def disturbable(stack: ContainerStack, tmp_path: Path) -> Disturbable:
    return Disturbable(stack, tmp_path)


class Disturbable:
    """A run over the few media, and what its workers have read so far."""

    def __init__(self, stack: ContainerStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._looks = 0
        self.first, self.second, self.spare = map(stack.container, (OCR_WORKER, _SECOND, _SPARE))
        self._before = {worker: self._pages_of(worker) for worker in (self.first, self.second, self.spare)}

    def _pages_of(self, worker: str) -> Counter[tuple[str, int]]:
        self._looks += 1
        return self._stack.pages_in_logs(worker, self._folder / str(self._looks))

    def pages_of(self, worker: str) -> Counter[tuple[str, int]]:
        """Pages that a worker has read since the test began."""
        return self._pages_of(worker) - self._before[worker]

    def wait_for_pages(self, worker: str, pages: int) -> None:
        """Wait until a worker has read some pages more."""
        reached = self.pages_of(worker).total()
        wait_for(lambda: self.pages_of(worker).total() >= reached + pages, 240, "an OCR worker reads")


def test_ocr_workers_have_no_folder_in_common_that_they_may_write_to(stack: ContainerStack) -> None:
    writable = [
        {mount["Name"] or mount["Source"] for mount in stack.engine.inspect(worker)["Mounts"] if mount["RW"]}
        for worker in map(stack.container, (OCR_WORKER, _SECOND, _SPARE))
    ]
    assert [len(folders) for folders in writable] == [2, 2, 2]
    assert len(set().union(*writable)) == 6


def test_both_workers_read_and_the_rows_are_those_of_one_machine(
    stack: ContainerStack, disturbable: Disturbable, reference: Reference, figures: Figures
) -> None:
    began = time.monotonic()
    run = RestRun(stack.api(), source=f"{MEDIA}/few", engine="tesseract", batch_seconds=10)
    assert run.wait(_RUN_SECONDS) == "success", run.tasks()
    seconds = time.monotonic() - began
    with stack.warehouse() as warehouse:
        assert comparable_rows(warehouse, f"{MEDIA}/few") == reference.of_few.rows
    first, second = disturbable.pages_of(disturbable.first), disturbable.pages_of(disturbable.second)
    assert first and second
    assert set((first + second).values()) == {1}, "each page was read once"
    shares = f"{first.total()} and {second.total()} in {seconds:.0f} s"
    figures.note("Two OCR workers without a shared disk", {"pages read by each, undisturbed": shares})


def test_nothing_is_lost_or_doubled_when_one_worker_is_killed_and_the_other_is_drained(
    stack: ContainerStack, disturbable: Disturbable, reference: Reference, figures: Figures
) -> None:
    with stack.warehouse() as warehouse:
        empty(warehouse)
        run = RestRun(stack.api(), source=f"{MEDIA}/few", engine="tesseract", batch_seconds=20)
        disturbable.wait_for_pages(disturbable.first, 2)
        stack.kill(disturbable.first)

        disturbable.wait_for_pages(disturbable.second, 1)
        seconds = stack.stop(disturbable.second, _GRACE_SECONDS)
        stack.start(disturbable.spare)
        assert run.wait(_RUN_SECONDS) == "success", run.tasks()
        assert comparable_rows(warehouse, f"{MEDIA}/few") == reference.of_few.rows

    assert seconds < _GRACE_SECONDS, "the worker had to be killed after its time of grace"
    workers = disturbable.first, disturbable.second, disturbable.spare
    killed, drained, new = (disturbable.pages_of(worker) for worker in workers)
    assert drained and new
    again_after_drain = (drained & new).total()
    again_after_kill = (killed & (drained + new)).total()
    retries = sum(task.try_number - 1 for task in run.tasks("batch.ocr"))
    figures.note(
        "One of two OCR workers killed (SIGKILL), the other one drained (SIGTERM), a third one goes on",
        {
            "pages read by each": f"{killed.total()}, {drained.total()}, {new.total()}",
            "pages read twice because of the kill": str(again_after_kill),
            "pages read twice because of the draining": str(again_after_drain),
            "retries used": str(retries),
            "seconds from SIGTERM to the end of the worker": f"{seconds:.0f}",
        },
    )
    assert again_after_drain <= 1
    assert retries == 1, "only the killed attempt counts"

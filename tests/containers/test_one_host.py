"""The whole stack on one host: what comes of an ingest, where its tasks ran, and how little each service may."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from container_engine import ContainerEngine, EngineFailed
from container_project import wait_for
from container_stack import (
    HEALTHY_SECONDS,
    MEDIA,
    OCR_WORKER,
    WAREHOUSE,
    WORKER,
    ContainerStack,
    container_stack,
)
from measured_figures import Figures
from one_machine import Reference, empty
from rest_run import RestRun
from warehouse_rows import comparable_rows

pytestmark = pytest.mark.timeout(1800)
_RUN_SECONDS = 1200.0


@pytest.fixture(scope="module")
def stack(
    engine: ContainerEngine,
    compose_files: list[Path],
    settings: dict[str, str],
    reference: Reference,
    figures: Figures,
    image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ContainerStack]:
    """Brought up as `docker compose up` does it."""
    folder = tmp_path_factory.mktemp("one")
    with container_stack(engine, "textmill-test-one", compose_files, settings, folder) as stack:
        began = time.monotonic()
        stack.up()
        stack.wait_until_healthy(HEALTHY_SECONDS)
        figures.note("From nothing to healthy", {"`compose up`": f"{time.monotonic() - began:.0f} s"})
        figures.note("Image", {"all layers, uncompressed": f"{engine.image_bytes(image) / 1e9:.2f} GB"})
        yield stack


def test_every_service_runs_without_root_without_capabilities_and_on_a_root_that_it_cannot_write_to(
    stack: ContainerStack,
) -> None:
    wrong = [
        f"{service}: {sentence}"
        for service, containers in stack.services().items()
        for container in containers
        for sentence in liberties(stack, container)
    ]
    assert wrong == []


def liberties(stack: ContainerStack, container: str) -> list[str]:
    """What a container may that it should not, by what the engine says and by trying."""
    seen = stack.engine.inspect(container)
    host = seen["HostConfig"]
    found = []
    if not host["ReadonlyRootfs"]:
        found.append("its root file system can be written to")
    if host["Privileged"] or host["CapAdd"]:
        found.append(f"it was given capabilities: {host['CapAdd']}")
    if seen["State"]["Status"] != "running":
        return found
    status = dict(
        line.split(":\t", 1)
        for line in stack.exec(container, "cat", "/proc/1/status").splitlines()
        if "\t" in line
    )
    if status["Uid"].split()[0] == "0":
        found.append("it runs as root")
    if int(status["CapEff"], 16) or int(status["CapBnd"], 16):
        found.append(f"it has capabilities: {status['CapEff']} of {status['CapBnd']}")
    if status["NoNewPrivs"] != "1":
        found.append("it may gain privileges")
    try:
        stack.exec(container, "sh", "-c", ": > /written")
    except EngineFailed as error:
        if "ead-only" not in str(error):
            found.append(f"writing failed for another reason: {error}")
    else:
        found.append("a file was written to /")
    return found


def test_an_ingest_through_celery_leaves_the_rows_that_one_machine_leaves(
    stack: ContainerStack, reference: Reference, figures: Figures
) -> None:
    idle = stack.memory_mb()
    began = time.monotonic()
    run = RestRun(stack.api(), source=f"{MEDIA}/all")
    busiest = dict(idle)
    while not run.has_ended():
        assert time.monotonic() - began < _RUN_SECONDS, run.tasks()
        for service, memory in stack.memory_mb().items():
            busiest[service] = max(busiest.get(service, 0.0), memory)
        time.sleep(2)
    seconds = time.monotonic() - began
    assert run.wait(1) == "success", run.tasks()

    with stack.warehouse() as warehouse:
        rows = comparable_rows(warehouse, f"{MEDIA}/all")
    assert rows == reference.of_all
    memory = {service: f"{idle.get(service, 0):.0f} / {most:.0f} MiB" for service, most in busiest.items()}
    total = f"{sum(idle.values()):.0f} / {sum(busiest.values()):.0f} MiB"
    figures.note("Memory, idle / most during the ingest", {**memory, "all": total})
    pages = len(rows["v_page"])
    figures.note("Ingest", {f"{len(rows['v_document'])} media, {pages} pages": f"{seconds:.0f} s"})

    # Each kind of task on the worker that is there for it, as Airflow's own records have it.
    hosts = {name: set(stack.hostnames(name)) for name in (WORKER, OCR_WORKER)}
    for task in run.tasks():
        if task.task_id == "batch.ocr":
            assert (task.queue, task.hostname in hosts[OCR_WORKER]) == ("ocr", True), task
        else:
            assert (task.queue, task.hostname in hosts[WORKER]) == ("default", True), task


def test_a_run_during_which_the_warehouse_restarts_ends_right(
    stack: ContainerStack, reference: Reference, figures: Figures
) -> None:
    with stack.warehouse() as warehouse:
        empty(warehouse)
        run = RestRun(stack.api(), source=f"{MEDIA}/few", engine="tesseract", batch_seconds=10)
        wait_for(lambda: "running" in run.states("batch.ocr"), 300, "a batch is being read")
        container = stack.container(WAREHOUSE)
        down = stack.stop(container, 60)
        time.sleep(10)
        stack.start(container)
        assert run.wait(_RUN_SECONDS) == "success", run.tasks()
        assert comparable_rows(warehouse, f"{MEDIA}/few") == reference.of_few
    retried = sum(task.try_number - 1 for task in run.tasks())
    figures.note(
        "The warehouse away for 10 s in the middle of a run",
        {"seconds to stop": f"{down:.0f}", "tasks tried again": str(retried), "rows": "as without"},
    )

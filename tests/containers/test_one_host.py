"""The whole stack on one host: what comes of an ingest, where its tasks ran, how little a service may."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

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
_AWAY_SECONDS = 20
_LOOK_SECONDS = 5.0
_OF_OTHERS = {"postgres", "warehouse"}
"""Databases start as root, to take their data folders into possession, and go on as accounts of their own."""


@pytest.fixture(scope="module")
def stack(
    engine: ContainerEngine,
    settings: dict[str, str],
    reference: Reference,
    figures: Figures,
    image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ContainerStack]:
    """Brought up as `docker compose up` does it."""
    folder = tmp_path_factory.mktemp("one")
    with container_stack(engine, "textmill-test-one", folder, settings) as stack:
        began = time.monotonic()
        stack.up()
        stack.wait_until_healthy(HEALTHY_SECONDS)
        figures.note("From nothing to healthy", {"`compose up`": f"{time.monotonic() - began:.0f} s"})
        figures.note("Image", {"all layers, uncompressed": f"{engine.image_bytes(image) / 1e9:.2f} GB"})
        yield stack


def test_no_service_runs_as_root_or_with_capabilities_and_ours_cannot_write_to_their_root(
    stack: ContainerStack,
) -> None:
    wrong = [
        f"{service}: {sentence}"
        for service, containers in stack.services().items()
        for container in containers
        for sentence in liberties(stack, container, is_ours=service not in _OF_OTHERS)
    ]
    assert wrong == []


def liberties(stack: ContainerStack, container: str, *, is_ours: bool) -> list[str]:
    """What a container may that it should not: by the engine, by the kernel, and by trying."""
    seen = stack.engine.inspect(container)
    found = [
        f"{name} is not as it should be" for name, is_so in _promised(seen, is_ours).items() if not is_so
    ]
    if seen["State"]["Status"] != "running":
        return found
    lines = stack.exec(container, "cat", "/proc/1/status").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    held = {
        "the account": status["Uid"].split()[0] != "0",
        "the set of capabilities": int(status["CapEff"], 16) == 0,
        "the bound of capabilities": not is_ours or int(status["CapBnd"], 16) == 0,
        "the way to more privileges": status["NoNewPrivs"] == "1",
        "the root folder": not is_ours or "ead-only" in _answer_to_writing(stack, container),
    }
    return found + [f"{name} is wrong ({status})" for name, is_so in held.items() if not is_so]


def _promised(seen: dict[str, Any], is_ours: bool) -> dict[str, bool]:
    host = seen["HostConfig"]
    return {
        "Privileged": not host["Privileged"],
        "ReadonlyRootfs": host["ReadonlyRootfs"] or not is_ours,
        "CapAdd": not host["CapAdd"] or not is_ours,
    }


def _answer_to_writing(stack: ContainerStack, container: str) -> str:
    try:
        stack.exec(container, "sh", "-c", ": > /written")
    except EngineFailed as error:
        return str(error)
    return "It could be written to."


def test_an_ingest_through_celery_leaves_the_rows_that_one_machine_leaves(
    stack: ContainerStack, reference: Reference, figures: Figures
) -> None:
    watch = stack.memory_watch()
    idle = watch.look()
    began = time.monotonic()
    run = RestRun(stack.api(), source=f"{MEDIA}/all")
    while not run.has_ended():
        assert time.monotonic() - began < _RUN_SECONDS, run.tasks()
        watch.look()
        time.sleep(_LOOK_SECONDS)
    seconds = time.monotonic() - began
    assert run.wait(1) == "success", run.tasks()

    with stack.warehouse() as warehouse:
        rows = comparable_rows(warehouse, f"{MEDIA}/all")
    assert rows == reference.of_all.rows
    most = watch.most
    memory = {service: f"{idle[service]:.0f} / {most[service]:.0f} MiB" for service in idle}
    total = f"{sum(idle.values()):.0f} / {sum(most.values()):.0f} MiB"
    figures.note("Memory, idle / most during the ingest", {**memory, "all": total})
    figures.note(
        f"Ingest of {len(rows['v_document'])} media with {len(rows['v_page'])} pages",
        {
            "in containers": f"{seconds:.0f} s",
            "on one machine without": f"{reference.of_all.seconds:.0f} s",
            "rows": "the same",
        },
    )

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
        wait_for(lambda: "success" in run.states("batch.load"), 300, "a batch is loaded")
        container = stack.container(WAREHOUSE)
        down = stack.stop(container, 60)
        time.sleep(_AWAY_SECONDS)
        stack.start(container)
        assert run.wait(_RUN_SECONDS) == "success", run.tasks()
        assert comparable_rows(warehouse, f"{MEDIA}/few") == reference.of_few.rows
    retried = sum(task.try_number - 1 for task in run.tasks())
    figures.note(
        f"The warehouse away for {_AWAY_SECONDS} s in the middle of a run",
        {"seconds to stop": f"{down:.1f}", "tasks tried again": str(retried), "rows": "as without"},
    )

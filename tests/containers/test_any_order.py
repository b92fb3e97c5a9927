"""From nothing to healthy, in the order in which nothing is there that is needed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from container_engine import ContainerEngine
from container_stack import API_SERVER, HEALTHY_SECONDS, ContainerStack, container_stack
from measured_figures import Figures
from sqlalchemy import Engine, text

pytestmark = pytest.mark.timeout(1200)

# Whoever needs others first; what everybody needs last.
_WORST = ("ocr-worker", "worker", "triggerer", "scheduler", "dag-processor", "api-server", "init", "redis")


@pytest.fixture(scope="module")
def stack(
    engine: ContainerEngine,
    settings: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ContainerStack]:
    folder = tmp_path_factory.mktemp("order")
    with container_stack(engine, "textmill-test-order", folder, settings) as stack:
        yield stack


def test_services_that_are_started_in_the_worst_order_become_healthy(
    stack: ContainerStack, figures: Figures
) -> None:
    began = time.monotonic()
    stack.create()
    containers = stack.services()
    for service in sorted(containers, key=lambda name: _WORST.index(name) if name in _WORST else len(_WORST)):
        for container in containers[service]:
            stack.start(container)
    stack.wait_until_healthy(HEALTHY_SECONDS)
    seconds = time.monotonic() - began
    figures.note(
        "From nothing to healthy", {"each service by itself, in the worst order": f"{seconds:.0f} s"}
    )


def test_setting_up_once_more_changes_nothing(stack: ContainerStack) -> None:
    with stack.warehouse() as warehouse:
        before = set_up(stack, warehouse)
        stack.run_init()
        assert set_up(stack, warehouse) == before
    assert stack.unhealthy() == {}


def set_up(stack: ContainerStack, warehouse: Engine) -> dict[str, Any]:
    """What init makes, in both databases."""
    api = stack.api()
    # A pool also says what is running in it just now.
    pools = api._call("GET", "/api/v2/pools") or {}
    with warehouse.connect() as connection:
        sql = "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = DATABASE()"
        tables = sorted(tuple(row) for row in connection.execute(text(sql)))
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    secrets = "cd /run/secrets && find . -type f | sort | xargs md5sum"
    return {
        "pools": [(pool["name"], pool["slots"], pool["description"]) for pool in pools["pools"]],
        "connections": json.dumps(api._call("GET", "/api/v2/connections"), sort_keys=True),
        "tables": tables,
        "version": version,
        "secrets": stack.exec(stack.container(API_SERVER), "sh", "-c", secrets),
    }

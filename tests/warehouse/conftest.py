"""A run with its books open."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from warehouse_records import NOW

from textmill.warehouse.runs import plan_run, run_key, start_run


@pytest.fixture
def ingest_run_id(warehouse: Engine) -> int:
    """A planned run called `run-1` with one batch."""
    with warehouse.begin() as connection:
        start_run(connection, "run-1", "file:///in", {}, NOW)
        plan_run(connection, "run-1", [(3, 30.0)])
        return run_key(connection, "run-1")

"""What keeps the quality gate from slowing others down."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

from textmill.giving_way import giving_way


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_work_that_can_wait_gives_way_in_its_thread_alone() -> None:
    seen = []

    def work() -> None:
        with giving_way():
            seen.append(niceness())
            with giving_way():
                seen.append(niceness())

    before = niceness()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [max(before, 10)] * 2
    assert niceness() == before


def test_great_expectations_comes_without_what_the_suite_does_not_need(repository: Path) -> None:
    program = """
import gc, os, sys
from textmill.quality.importing import import_great_expectations
import_great_expectations()
print([name for name in ("scipy.stats", "altair") if name in sys.modules])
print(gc.isenabled(), os.environ["GX_ANALYTICS_ENABLED"])
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as module
print(module.stats.entropy([1, 1]).round(3), "scipy.stats" in sys.modules)
"""
    told = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(repository / "include")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines() == ["[]", "True false", "0.693 True"]
    assert gc.isenabled()

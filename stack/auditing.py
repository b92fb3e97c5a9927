"""Audit the warehouse and the staging area of a running stack.

Runs as a process of its own (`python -m stack.auditing`) in the environment of the stack: where the staging
area lies in an object store, its connection is Airflow's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from stack.attached import AirflowWhenNeeded, warehouse_of_stack
from textmill.errors import TextmillError
from textmill.settings import load
from textmill.staging_access import open_staging

if TYPE_CHECKING:
    from textmill.auditing import Report

SAMPLE = 100
"""Copies whose bytes are hashed, unless all are wanted."""


def audit_stack(*, every_copy: bool) -> Report:
    """Look at everything, store what disagrees, and return it."""
    from textmill.auditing import Audited, audit
    from textmill.warehouse.connection import utc_now

    settings = load()
    with warehouse_of_stack() as engine, open_staging(settings, AirflowWhenNeeded()).of_all() as staging:
        return audit(
            Audited(
                warehouse=engine,
                staging=staging,
                now=utc_now(),
                stuck_hours=settings.claim_hours,
                sample_content=None if every_copy else SAMPLE,
            )
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what disagrees; the exit status is 1 if there is anything."""
    from sqlalchemy.exc import OperationalError

    parser = argparse.ArgumentParser(prog="python -m stack.auditing", description=__doc__)
    parser.add_argument("--all", action="store_true", help="hash every copy instead of a sample")
    chosen = parser.parse_args(arguments)
    try:
        report = audit_stack(every_copy=chosen.all)
    except TextmillError as error:
        print(error, file=sys.stderr)
        return 1
    except OperationalError as error:
        print(f"The warehouse did not answer ({error.orig}): see `make status`.", file=sys.stderr)
        return 1
    for line in report.in_words():
        print(line)
    return 1 if report.total else 0


if __name__ == "__main__":
    sys.exit(main())

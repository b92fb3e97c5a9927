"""Audit the warehouse and the staging area of a running stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stack.errors import StackError
from stack.lifecycle import Running
from textmill import settings as core_settings
from textmill.staging import Staging

if TYPE_CHECKING:
    from textmill.auditing import Report

SAMPLE = 100
"""Copies whose bytes are hashed, unless all are wanted."""


def audit_stack(running: Running, *, every_copy: bool) -> Report:
    """Look at everything, store what disagrees, and return it."""
    from sqlalchemy.exc import OperationalError

    from stack import mariadb
    from textmill.auditing import Audited, audit
    from textmill.warehouse.connection import utc_now, warehouse_engine

    url = mariadb.loader_url(running.secrets, running.settings.ports.mariadb)
    with warehouse_engine(url) as engine:
        audited = Audited(
            warehouse=engine,
            staging=Staging(running.settings.paths.staging),
            now=utc_now(),
            stuck_hours=core_settings.load().claim_hours,
            sample_content=None if every_copy else SAMPLE,
        )
        try:
            return audit(audited)
        except OperationalError as error:
            raise StackError(f"The warehouse did not answer ({error.orig}): see `make status`.") from None

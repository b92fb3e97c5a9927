"""Which contents are still needed as bytes, by what the warehouse knows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, or_, select

from textmill.warehouse.tables import SETTLED, ingest_run, media, quarantine

UNCLOSED = ("open", "ignored", "gone")
"""States of an entry of the quarantine whose original bytes stay reachable: what is gone may come back."""


def needed_contents(connection: Connection, contents: Sequence[str]) -> set[str]:
    """Return those that are not through, are claimed by a run that goes on, or are not out of quarantine."""
    in_use = connection.execute(
        select(media.c.sha256)
        .outerjoin(ingest_run, ingest_run.c.run_id == media.c.claimed_run)
        .where(
            media.c.sha256.in_(contents),
            or_(
                media.c.status.not_in(SETTLED),
                ingest_run.c.state == "running",
                ingest_run.c.id.is_not(None) & ingest_run.c.finished_at.is_(None),
            ),
        )
    ).scalars()
    refused = connection.execute(
        select(quarantine.c.sha256).where(
            quarantine.c.sha256.in_(contents), quarantine.c.status.in_(UNCLOSED)
        )
    ).scalars()
    return {*in_use, *refused}


def locking_absent_rows(warehouse: Engine) -> Engine:
    """Return an engine on which `lock_content` also keeps a medium unknown that is unknown.

    Under REPEATABLE READ, InnoDB locks the gap of the index in which a row would be that is looked for and
    not there: whoever inserts one waits (MySQL Reference Manual, InnoDB Locking, "Gap Locks"). Under the
    level that the warehouse is otherwise used with, it does not.
    """
    return warehouse.execution_options(isolation_level="REPEATABLE READ")


def lock_content(connection: Connection, sha256: str) -> bool:
    """Keep a medium, and the run that claims it, as they are until the transaction ends.

    Waits for whoever claims it at this moment. Returns whether it is known.
    """
    row = connection.execute(
        select(media.c.claimed_run).where(media.c.sha256 == sha256).with_for_update()
    ).one_or_none()
    if row is None:
        return False
    if row.claimed_run is not None:
        connection.execute(
            select(ingest_run.c.id).where(ingest_run.c.run_id == row.claimed_run).with_for_update()
        )
    return True

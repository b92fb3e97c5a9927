"""The books of a run that only looks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from textmill.warehouse.tables import ingest_run


def close_dry_run(connection: Connection, run_id: str, now: datetime, estimated_seconds: float) -> bool:
    """Close the books of a dry run, and return whether it came as far as a plan.

    Args:
        estimated_seconds: OCR time of what it found, of all slots together.
    """
    run = ingest_run.c.run_id == run_id
    planned = connection.execute(select(ingest_run.c.batches).where(run)).scalar_one_or_none() is not None
    connection.execute(
        update(ingest_run)
        .where(run)
        .values(
            state="dry_run" if planned else "failed", finished_at=now, estimated_seconds=estimated_seconds
        )
    )
    return planned

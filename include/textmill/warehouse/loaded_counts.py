"""What a run has put into the warehouse so far, by its books."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from textmill.warehouse.readings import totals_of_readings
from textmill.warehouse.tables import ingest_batch, ingest_run


@dataclass(frozen=True)
class LoadedCounts:
    """Sums over the batches of a run, and over what several of them read in parts.

    Attributes:
        media_quarantined: with those that were refused before any batch saw them.
    """

    source: str
    media_loaded: int
    media_quarantined: int
    pages_loaded: int


def loaded_counts(connection: Connection, run_id: str) -> LoadedCounts | None:
    """Return what a run has loaded; None when it never opened its books.

    Batches that failed count with what they had loaded before, so this need not wait for the run's report.
    """
    run = connection.execute(
        select(ingest_run.c.id, ingest_run.c.source, ingest_run.c.media_refused).where(
            ingest_run.c.run_id == run_id
        )
    ).one_or_none()
    if run is None:
        return None
    names = ("media_loaded", "media_quarantined", "pages_loaded")
    sums = connection.execute(
        select(*(func.coalesce(func.sum(ingest_batch.c[name]), 0).label(name) for name in names)).where(
            ingest_batch.c.ingest_run_id == run.id
        )
    ).one()
    in_parts = totals_of_readings(connection, run.id)
    return LoadedCounts(
        source=run.source,
        media_loaded=int(sums.media_loaded + in_parts.media_loaded),
        media_quarantined=int(sums.media_quarantined + in_parts.media_quarantined) + run.media_refused,
        pages_loaded=int(sums.pages_loaded + in_parts.pages_loaded),
    )

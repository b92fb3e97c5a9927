"""Publish: say once per run what arrived in the warehouse, for those who wait for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Engine

from textmill.warehouse.loaded_counts import loaded_counts


@dataclass(frozen=True)
class Announcement:
    """What a run brought, as others are told. Names are part of the contract with downstream DAGs."""

    run_id: str
    source: str
    media_loaded: int
    media_quarantined: int
    pages_loaded: int

    def metadata(self) -> dict[str, str | int]:
        """The same as plain values."""
        return asdict(self)


def publish(warehouse: Engine, *, run_id: str) -> Announcement | None:
    """Return what there is to announce; None when the run loaded nothing, as a dry run never does.

    What was loaded is in the warehouse whether or not another batch failed, so a failed run is announced too.
    """
    with warehouse.connect() as connection:
        counts = loaded_counts(connection, run_id)
    if counts is None or not (counts.media_loaded or counts.pages_loaded):
        return None
    return Announcement(run_id=run_id, **asdict(counts))

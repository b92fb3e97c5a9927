"""Who reads a medium: each content is claimed by one batch, so that nothing is read twice.

A claim is a mark on the medium's row. It counts while the run that made it is going on, and for a limited
time in case that run never ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.mysql import insert

from textmill.records import Content, Kind
from textmill.run_wishes import Reread
from textmill.warehouse.locations import unfinished_archives
from textmill.warehouse.tables import SETTLED, ingest_run, media


@dataclass(frozen=True)
class Claimant:
    """The batch that wants to read.

    Attributes:
        reread: what is read although it is settled.
        claim_hours: how long a claim of a run that never ended counts.
    """

    run_id: str
    batch_no: int
    reread: Reread
    claim_hours: float


@dataclass(frozen=True)
class Claim:
    """The answer.

    Attributes:
        media_id: the medium's key.
        granted: the claimant is the one who reads it.
        held: somebody else reads it now.
    """

    media_id: int
    granted: bool
    held: bool


def claim(connection: Connection, content: Content, claimant: Claimant, now: datetime) -> Claim:
    """Register content and claim it. Repeating a granted claim is granted again."""
    connection.execute(
        insert(media)
        .values(
            sha256=content.sha256,
            bytes=content.bytes,
            mime=content.mime,
            kind=content.kind,
            status="claimed",
            needs_retry=False,
            first_seen=now,
        )
        .prefix_with("IGNORE")
    )
    row = connection.execute(
        select(
            media.c.id,
            media.c.kind,
            media.c.status,
            media.c.needs_retry,
            media.c.claimed_run,
            media.c.claimed_batch,
            media.c.claimed_at,
        )
        .where(media.c.sha256 == content.sha256)
        .with_for_update()
    ).one()
    held = _is_held(connection, row, claimant, now)
    granted = not held and _may_read(connection, row, claimant)
    if granted:
        connection.execute(
            update(media)
            .where(media.c.id == row.id)
            .values(claimed_run=claimant.run_id, claimed_batch=claimant.batch_no, claimed_at=now)
        )
    return Claim(media_id=row.id, granted=granted, held=held)


def release_claims(connection: Connection, run_id: str) -> None:
    """Give up every claim of a run whose batches are dealt out anew."""
    connection.execute(
        update(media)
        .where(media.c.claimed_run == run_id)
        .values(claimed_run=None, claimed_batch=None, claimed_at=None)
    )


def _is_mine(row: Row[*tuple[Any, ...]], claimant: Claimant) -> bool:
    return (row.claimed_run, row.claimed_batch) == (claimant.run_id, claimant.batch_no)


def _may_read(connection: Connection, row: Row[*tuple[Any, ...]], claimant: Claimant) -> bool:
    if _is_mine(row, claimant) or claimant.reread in (Reread.EVERYTHING, Reread.OTHER_ENGINE):
        return True
    if claimant.reread is Reread.REFUSED and row.status in ("partial", "quarantined"):
        return True
    if row.status not in SETTLED or row.needs_retry:
        return True
    if row.kind != Kind.ARCHIVE:
        return False
    refused = claimant.reread is Reread.REFUSED
    return bool(unfinished_archives(connection, [row.id], refused=refused))


def _is_held(connection: Connection, row: Row[*tuple[Any, ...]], claimant: Claimant, now: datetime) -> bool:
    if row.claimed_run is None or _is_mine(row, claimant):
        return False
    if row.claimed_at < now - timedelta(hours=claimant.claim_hours):
        return False
    if row.claimed_run == claimant.run_id:
        return True
    holder = connection.execute(
        select(ingest_run.c.state).where(ingest_run.c.run_id == row.claimed_run)
    ).scalar_one_or_none()
    return holder == "running"

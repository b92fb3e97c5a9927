"""Who reads a medium: each content is claimed by one batch, so that nothing is read twice.

A claim is a mark on the medium's row. It counts while the run that made it is going on, and for a limited
time in case that run never ends. It is made by a batch, or by several that read a part each: see `readings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects.mysql import insert

from textmill.records import Content, Kind, ReaderFingerprints
from textmill.run_wishes import Reread
from textmill.warehouse.fingerprints import media_read_otherwise
from textmill.warehouse.locations import media_key, unfinished_archives
from textmill.warehouse.quarantining import NEVER
from textmill.warehouse.tables import SETTLED, ingest_run, media, reading

_UNCLAIMED = {"claimed_run": None, "claimed_batch": None, "claimed_reading": None, "claimed_at": None}


@dataclass(frozen=True)
class Claimant:
    """The batch that wants to read.

    Attributes:
        reread: what is read although it is settled.
        claim_hours: how long a claim of a run that never ended counts.
        reading_id: the reading in parts for which the batch asks, None where it reads the whole medium.
        fingerprints: with `Reread.OTHER_ENGINE`, those that pages would get now; None takes every medium for
            one that another engine read.
    """

    run_id: str
    batch_no: int
    reread: Reread
    claim_hours: float
    reading_id: int | None = None
    fingerprints: ReaderFingerprints | None = None


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
    register(connection, content, now)
    row = connection.execute(
        select(
            media.c.id,
            media.c.kind,
            media.c.status,
            media.c.needs_retry,
            media.c.next_try_at,
            media.c.claimed_run,
            media.c.claimed_batch,
            media.c.claimed_reading,
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
            .values(
                claimed_run=claimant.run_id,
                claimed_batch=claimant.batch_no if claimant.reading_id is None else None,
                claimed_reading=claimant.reading_id,
                claimed_at=now,
            )
        )
    return Claim(media_id=row.id, granted=granted, held=held)


def register(connection: Connection, content: Content, now: datetime) -> int:
    """Make content known without claiming it; returns the medium's key."""
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
    return media_key(connection, content.sha256)


def release_claims(connection: Connection, run_id: str) -> None:
    """Give up every claim of a run whose batches are dealt out anew, and forget what was read in parts."""
    connection.execute(update(media).where(media.c.claimed_run == run_id).values(_UNCLAIMED))
    run = select(ingest_run.c.id).where(ingest_run.c.run_id == run_id).scalar_subquery()
    connection.execute(delete(reading).where(reading.c.ingest_run_id == run))


def release_claim(connection: Connection, media_id: int, reading_id: int) -> None:
    """Give up the claim of a reading in parts on a medium that it is not going to read after all."""
    connection.execute(
        update(media).where(media.c.id == media_id, media.c.claimed_reading == reading_id).values(_UNCLAIMED)
    )


def _is_mine(row: Row[*tuple[Any, ...]], claimant: Claimant) -> bool:
    if row.claimed_run != claimant.run_id:
        return False
    if claimant.reading_id is not None:
        return bool(row.claimed_reading == claimant.reading_id)
    return row.claimed_reading is None and bool(row.claimed_batch == claimant.batch_no)


def _may_read(connection: Connection, row: Row[*tuple[Any, ...]], claimant: Claimant) -> bool:
    if _is_mine(row, claimant) or claimant.reread is Reread.EVERYTHING:
        return True
    if claimant.reread is Reread.OTHER_ENGINE and _is_read_otherwise(connection, row, claimant):
        return True
    if row.next_try_at == NEVER:
        return False
    if claimant.reread is Reread.REFUSED and row.status in ("partial", "quarantined"):
        return True
    if row.status not in SETTLED or row.needs_retry:
        return True
    if row.kind != Kind.ARCHIVE:
        return False
    refused = claimant.reread is Reread.REFUSED
    return bool(unfinished_archives(connection, [row.id], refused=refused))


def _is_read_otherwise(connection: Connection, row: Row[*tuple[Any, ...]], claimant: Claimant) -> bool:
    if claimant.fingerprints is None or row.kind == Kind.ARCHIVE:  # what lies in it is asked one by one
        return True
    return bool(media_read_otherwise(connection, [row.id], claimant.fingerprints))


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

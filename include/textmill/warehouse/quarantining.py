"""The books of quarantine: one entry per medium or page, opened, counted and resolved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select, update
from sqlalchemy.dialects.mysql import insert

from textmill.records import Rejection, Stage
from textmill.warehouse.addresses import entry_key, uri_hash
from textmill.warehouse.tables import media, media_location, quarantine


def quarantine_all(
    connection: Connection,
    rejections: Sequence[Rejection],
    *,
    ingest_run_id: int,
    batch_no: int,
    now: datetime,
) -> None:
    """Open an entry per rejection, or count another attempt on the entry that is there.

    The same run counts once, however often its load task is retried. An entry that was resolved opens again;
    one that somebody chose to ignore stays ignored.
    """
    for rejection in rejections:
        entry = insert(quarantine).values(
            entry_key=entry_key(rejection.uri, rejection.sha256, rejection.page_no, rejection.stage),
            sha256=rejection.sha256,
            uri_hash=uri_hash(rejection.uri),
            uri=rejection.uri,
            page_no=rejection.page_no,
            stage=rejection.stage,
            reason=rejection.reason,
            message=rejection.message,
            detail=rejection.detail,
            permanent=rejection.permanent,
            attempts=1,
            status="open",
            first_seen=now,
            last_seen=now,
            ingest_run_id=ingest_run_id,
            batch_no=batch_no,
        )
        new = entry.inserted
        connection.execute(
            entry.on_duplicate_key_update(
                # The order matters: the server assigns from left to right.
                [
                    (
                        "attempts",
                        quarantine.c.attempts
                        + func.if_(quarantine.c.ingest_run_id == new.ingest_run_id, 0, 1),
                    ),
                    ("status", func.if_(quarantine.c.status == "ignored", "ignored", "open")),
                    ("uri", new.uri),
                    ("uri_hash", new.uri_hash),
                    ("stage", new.stage),
                    ("reason", new.reason),
                    ("message", new.message),
                    ("detail", new.detail),
                    ("permanent", new.permanent),
                    ("last_seen", new.last_seen),
                    ("ingest_run_id", new.ingest_run_id),
                    ("batch_no", new.batch_no),
                ]
            )
        )


def open_contents(connection: Connection) -> set[str]:
    """Return the hashes of all media that have an open entry."""
    rows = connection.execute(
        select(quarantine.c.sha256).where(quarantine.c.status == "open", quarantine.c.sha256.is_not(None))
    )
    return set(rows.scalars())


def resolve_address(connection: Connection, *, uri: str, sha256: str, now: datetime) -> None:
    """Close what was refused at an address where the known content `sha256` lies now.

    What that content itself was refused for stays: an archive that breaks off is known and refused.
    """
    connection.execute(
        update(quarantine)
        .where(
            quarantine.c.status == "open",
            quarantine.c.uri_hash == uri_hash(uri),
            quarantine.c.stage == Stage.FETCH,
            or_(quarantine.c.sha256.is_(None), quarantine.c.sha256 != sha256),
        )
        .values(status="resolved", last_seen=now)
    )


def resolve(
    connection: Connection, *, uri: str, sha256: str, kept: Sequence[Rejection], now: datetime
) -> None:
    """Close the open entries that no longer hold, now that the medium `sha256` was found at `uri`.

    These are what the medium itself was refused for, and what lay at its address before: refused unopened,
    or with bytes that lie nowhere any more.

    Args:
        kept: what was refused just now.
    """
    keys = [entry_key(one.uri, one.sha256, one.page_no, one.stage) for one in kept]
    elsewhere = (
        select(media_location.c.id)
        .join(media, media.c.id == media_location.c.media_id)
        .where(media.c.sha256 == quarantine.c.sha256)
        .exists()
    )
    connection.execute(
        update(quarantine)
        .where(
            quarantine.c.status == "open",
            or_(
                quarantine.c.sha256 == sha256,
                and_(quarantine.c.uri_hash == uri_hash(uri), ~elsewhere),
            ),
            quarantine.c.entry_key.notin_(keys),
        )
        .values(status="resolved", last_seen=now)
    )

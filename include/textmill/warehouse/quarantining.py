"""The books of quarantine: one entry per medium or page, opened, counted and resolved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, or_, update
from sqlalchemy.dialects.mysql import insert

from textmill.records import Rejection
from textmill.warehouse.addresses import entry_key, uri_hash
from textmill.warehouse.tables import quarantine


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
            entry_key=entry_key(rejection.uri, rejection.sha256, rejection.page_no),
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


def resolve(
    connection: Connection, *, uri: str, sha256: str, except_pages: Sequence[int | None], now: datetime
) -> None:
    """Close the open entries of a medium that was read, and of whatever lay at its address before.

    Args:
        except_pages: pages that were refused just now (None stands for the medium as a whole).
    """
    kept = [entry_key(uri, sha256, page_no) for page_no in except_pages]
    connection.execute(
        update(quarantine)
        .where(
            quarantine.c.status == "open",
            or_(quarantine.c.sha256 == sha256, quarantine.c.uri_hash == uri_hash(uri)),
            quarantine.c.entry_key.notin_(kept),
        )
        .values(status="resolved", last_seen=now)
    )

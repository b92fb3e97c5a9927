"""The books of quarantine: one entry per medium or page, opened, counted and resolved.

What may succeed another time is tried again by the next run, and after each further failure later and later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, null, or_, select, text, update
from sqlalchemy.dialects.mysql import insert

from textmill.errors import Reason
from textmill.records import Rejection, Stage
from textmill.settings import Settings
from textmill.warehouse.addresses import entry_key, uri_hash
from textmill.warehouse.tables import media, media_location, quarantine

NO_BATCH = -1
"""The batch of what was refused before there were batches."""

_TRIED_BY_EVERY_RUN = (Reason.FILE_UNREADABLE, Reason.FILE_VANISHED, Reason.FILE_CHANGED)
"""Seeing whether a file can be opened now costs nothing."""

_LONGEST_DOUBLING = 30
"""Twice as long this often is beyond any limit; the server's numbers end somewhere."""


@dataclass(frozen=True)
class RetryWaits:
    """How long what failed more than once waits.

    Attributes:
        first_seconds: after the second failure; doubled after each further one.
        most_seconds: at most.
    """

    first_seconds: float = 20 * 3600.0
    most_seconds: float = 30 * 86_400.0

    @classmethod
    def of(cls, settings: Settings) -> RetryWaits:
        """Return what the settings say."""
        return cls(settings.retry_hours * 3600, settings.retry_most_days * 86_400)


@dataclass(frozen=True)
class Standing:
    """How often a rejection was made, by run, and when it may be made again."""

    attempts: int
    next_try_at: datetime | None


def quarantine_all(
    connection: Connection,
    rejections: Sequence[Rejection],
    *,
    ingest_run_id: int,
    batch_no: int,
    now: datetime,
    waits: RetryWaits | None = None,
) -> None:
    """Open an entry per rejection, or count another attempt on the entry that is there.

    The same run counts once, however often its load task is retried. An entry that was closed opens again and
    counts anew; one that somebody chose to ignore stays ignored.
    """
    next_try = _next_try(waits or RetryWaits(), now)
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
                        case(
                            (quarantine.c.ingest_run_id == new.ingest_run_id, quarantine.c.attempts),
                            (quarantine.c.status.in_(_CLOSED), 1),
                            else_=quarantine.c.attempts + 1,
                        ),
                    ),
                    ("status", func.if_(quarantine.c.status == "ignored", "ignored", "open")),
                    ("uri", new.uri),
                    ("uri_hash", new.uri_hash),
                    ("stage", new.stage),
                    ("reason", new.reason),
                    ("message", new.message),
                    ("detail", new.detail),
                    ("permanent", new.permanent),
                    ("next_try_at", next_try),
                    ("last_seen", new.last_seen),
                    ("ingest_run_id", new.ingest_run_id),
                    ("batch_no", new.batch_no),
                ]
            )
        )


_CLOSED = ("resolved", "gone")
_NOT_SETTLED = ("open", "gone")


def _next_try(waits: RetryWaits, now: datetime) -> ColumnElement[Any]:
    """Say in SQL when an entry, whose other columns are set, is tried again; null for at once or never."""
    doubled = func.least(quarantine.c.attempts - 2, _LONGEST_DOUBLING)
    seconds = func.least(waits.first_seconds * func.pow(2, doubled), waits.most_seconds)
    return case(
        (quarantine.c.permanent, null()),
        (quarantine.c.reason.in_(_TRIED_BY_EVERY_RUN), null()),
        (quarantine.c.attempts < 2, null()),
        else_=func.timestampadd(text("SECOND"), func.round(seconds), now),
    )


def standing(connection: Connection, rejection: Rejection) -> Standing:
    """Return how often what was just refused was refused, and when it is tried again."""
    key = entry_key(rejection.uri, rejection.sha256, rejection.page_no, rejection.stage)
    row = connection.execute(
        select(quarantine.c.attempts, quarantine.c.next_try_at).where(quarantine.c.entry_key == key)
    ).one()
    return Standing(row.attempts, row.next_try_at)


def next_try_of(connection: Connection, sha256: str) -> datetime | None:
    """Return when a medium is tried again: with the last of what is to be tried again in it."""
    latest: datetime | None = connection.execute(
        select(func.max(quarantine.c.next_try_at)).where(
            quarantine.c.sha256 == sha256, quarantine.c.status == "open", quarantine.c.permanent.is_(False)
        )
    ).scalar_one()
    return latest


def close_gone(connection: Connection, location_ids: Sequence[int], now: datetime) -> None:
    """Close the entries of locations that are deleted: what is gone cannot be tried again.

    Entries of a medium stay open while it lies somewhere else. Both keep their message.
    """
    elsewhere = media_location.alias("elsewhere")
    lies_elsewhere = (
        select(elsewhere.c.id)
        .join(media, media.c.id == elsewhere.c.media_id)
        .where(media.c.sha256 == quarantine.c.sha256, elsewhere.c.deleted_at.is_(None))
        .exists()
    )
    hashes, contents = _lying_at(connection, location_ids)
    at_address = or_(quarantine.c.sha256.is_(None), quarantine.c.stage == Stage.FETCH, ~lies_elsewhere)
    for condition in (
        and_(quarantine.c.uri_hash.in_(hashes), at_address),
        and_(quarantine.c.sha256.in_(contents), quarantine.c.stage != Stage.FETCH, ~lies_elsewhere),
    ):
        connection.execute(
            update(quarantine)
            .where(quarantine.c.status == "open", condition)
            .values(status="gone", last_seen=now)
        )


def reopen_locations(connection: Connection, location_ids: Sequence[int]) -> None:
    """Open the entries of locations again that were closed because these were gone."""
    hashes, contents = _lying_at(connection, location_ids)
    for condition in (
        quarantine.c.uri_hash.in_(hashes),
        and_(quarantine.c.sha256.in_(contents), quarantine.c.stage != Stage.FETCH),
    ):
        connection.execute(
            update(quarantine).where(quarantine.c.status == "gone", condition).values(status="open")
        )


def _lying_at(connection: Connection, location_ids: Sequence[int]) -> tuple[list[str], list[str]]:
    """Return the keys of the addresses and of the contents of locations.

    As lists: a subquery in an UPDATE is asked anew for each row of the table.
    """
    rows = connection.execute(
        select(media_location.c.uri_hash, media.c.sha256)
        .outerjoin(media, media.c.id == media_location.c.media_id)
        .where(media_location.c.id.in_(location_ids))
    ).all()
    return [row.uri_hash for row in rows], [row.sha256 for row in rows if row.sha256 is not None]


def reopen_medium(connection: Connection, media_id: int, uri: str) -> None:
    """Open the entries of a medium again, at the address where it turned up."""
    content = select(media.c.sha256).where(media.c.id == media_id).scalar_subquery()
    here = uri_hash(uri)
    connection.execute(
        update(quarantine)
        .where(
            quarantine.c.status == "gone",
            quarantine.c.sha256 == content,
            or_(quarantine.c.stage != Stage.FETCH, quarantine.c.uri_hash == here),
        )
        .values(status="open", uri=uri, uri_hash=here)
    )


def resolve_lines(connection: Connection, manifest: str, *, ingest_run_id: int, now: datetime) -> None:
    """Close the entries of lines of a manifest that this run, which read it to its end, did not refuse."""
    lines = f"{manifest}#"
    connection.execute(
        update(quarantine)
        .where(
            quarantine.c.status == "open",
            quarantine.c.stage == Stage.DISCOVER,
            func.left(quarantine.c.uri, len(lines)) == lines,
            quarantine.c.ingest_run_id != ingest_run_id,
        )
        .values(status="resolved", last_seen=now, next_try_at=None)
    )


def resolve_address(connection: Connection, *, uri: str, sha256: str, now: datetime) -> None:
    """Close what was refused at an address where the known content `sha256` lies now.

    That is what was refused there unopened, and content that lies nowhere any more. What the known content
    itself was refused for stays: an archive that breaks off is known and refused.
    """
    connection.execute(
        update(quarantine)
        .where(
            quarantine.c.status.in_(_NOT_SETTLED),
            quarantine.c.uri_hash == uri_hash(uri),
            or_(
                quarantine.c.sha256.is_(None),
                and_(
                    quarantine.c.sha256 != sha256, or_(quarantine.c.stage == Stage.FETCH, ~_lies_somewhere())
                ),
            ),
        )
        .values(status="resolved", last_seen=now, next_try_at=None)
    )


def _lies_somewhere() -> ColumnElement[bool]:
    """Say in SQL that the content of an entry still lies at some address."""
    return (
        select(media_location.c.id)
        .join(media, media.c.id == media_location.c.media_id)
        .where(media.c.sha256 == quarantine.c.sha256, media_location.c.deleted_at.is_(None))
        .exists()
    )


def resolve_failures(connection: Connection, *, uri: str, now: datetime) -> None:
    """Close what failed at an address in a way that might pass, now that what was settled there still is."""
    connection.execute(
        update(quarantine)
        .where(
            quarantine.c.status.in_(_NOT_SETTLED),
            quarantine.c.uri_hash == uri_hash(uri),
            quarantine.c.stage == Stage.FETCH,
            quarantine.c.sha256.is_(None),
            quarantine.c.permanent.is_(False),
        )
        .values(status="resolved", last_seen=now, next_try_at=None)
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
    connection.execute(
        update(quarantine)
        .where(
            quarantine.c.status.in_(_NOT_SETTLED),
            or_(
                quarantine.c.sha256 == sha256,
                and_(quarantine.c.uri_hash == uri_hash(uri), ~_lies_somewhere()),
            ),
            quarantine.c.entry_key.notin_(keys),
        )
        .values(status="resolved", last_seen=now, next_try_at=None)
    )


def has_entries(address: ColumnElement[Any], sha256: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say in SQL that `resolve` may find something to close for a medium that was found at an address.

    Args:
        address: its hash.
    """
    return (
        select(quarantine.c.id)
        .where(
            quarantine.c.status.in_(_NOT_SETTLED),
            or_(quarantine.c.sha256 == sha256, quarantine.c.uri_hash == address),
        )
        .exists()
    )

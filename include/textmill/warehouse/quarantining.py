"""The books of quarantine: one entry per medium or page, opened and counted.

What may succeed another time is tried again by the next run, and after each further failure later and later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, null, select, text
from sqlalchemy.dialects.mysql import insert

from textmill.errors import Reason
from textmill.records import Rejection, Stage
from textmill.settings import Settings
from textmill.warehouse.addresses import entry_key, uri_hash
from textmill.warehouse.quarantine_history import Event, Status
from textmill.warehouse.tables import quarantine, quarantine_event

NO_BATCH = -1
"""The batch of what was refused before there were batches."""

NEVER = datetime(9999, 12, 31)
"""When media and locations are tried again of which all that is in quarantine is ignored."""

_TRIED_BY_EVERY_RUN = (Reason.FILE_UNREADABLE, Reason.FILE_VANISHED, Reason.FILE_CHANGED)
"""Seeing whether a file can be opened now costs nothing."""

_LONGEST_DOUBLING = 30
"""Twice as long this often is beyond any limit; the server's numbers end somewhere."""

_AT_ONCE = 200
"""Entries in one statement; each can hold some ten thousand characters."""

_CLOSED = (Status.RESOLVED, Status.GONE)


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
    counts anew; one that somebody chose to ignore stays ignored. In the order of their keys, so that two
    batches that refuse the same do not wait for each other crosswise.
    """
    by_key = {entry_key(one.uri, one.sha256, one.page_no, one.stage): one for one in rejections}
    keys = sorted(by_key)
    for start in range(0, len(keys), _AT_ONCE):
        some = {key: by_key[key] for key in keys[start : start + _AT_ONCE]}
        before = _locked(connection, list(some))
        entries = [_values(key, one, ingest_run_id, batch_no, now) for key, one in some.items()]
        _upsert(connection, entries, _next_try(waits or RetryWaits(), now))
        _note_refusals(connection, some, before, ingest_run_id, now)


def _locked(connection: Connection, keys: Sequence[str]) -> dict[str, Any]:
    rows = connection.execute(
        select(
            quarantine.c.entry_key,
            quarantine.c.status,
            quarantine.c.ingest_run_id,
            quarantine.c.reason,
            quarantine.c.message,
        )
        .where(quarantine.c.entry_key.in_(keys))
        .with_for_update()
    )
    return {row.entry_key: row for row in rows}


def _values(
    key: str, rejection: Rejection, ingest_run_id: int, batch_no: int, now: datetime
) -> dict[str, Any]:
    return {
        "entry_key": key,
        "sha256": rejection.sha256,
        "uri_hash": uri_hash(rejection.uri),
        "uri": rejection.uri,
        "page_no": rejection.page_no,
        "stage": rejection.stage,
        "reason": rejection.reason,
        "message": rejection.message,
        "detail": rejection.detail,
        "permanent": rejection.permanent,
        "text_read": rejection.text_read,
        "confidence": rejection.confidence,
        "attempts": 1,
        "status": Status.OPEN,
        "first_seen": now,
        "last_seen": now,
        "ingest_run_id": ingest_run_id,
        "batch_no": batch_no,
    }


def _upsert(
    connection: Connection, entries: Sequence[Mapping[str, Any]], next_try: ColumnElement[Any]
) -> None:
    entry = insert(quarantine).values([*entries])
    new = entry.inserted
    is_ignored = quarantine.c.status == Status.IGNORED
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
                ("status", func.if_(is_ignored, Status.IGNORED, Status.OPEN)),
                ("closed_at", func.if_(is_ignored, quarantine.c.closed_at, null())),
                ("uri", new.uri),
                ("uri_hash", new.uri_hash),
                ("stage", new.stage),
                ("reason", new.reason),
                ("message", new.message),
                ("detail", new.detail),
                ("permanent", new.permanent),
                ("text_read", new.text_read),
                ("confidence", new.confidence),
                ("next_try_at", next_try),
                ("last_seen", new.last_seen),
                ("ingest_run_id", new.ingest_run_id),
                ("batch_no", new.batch_no),
            ]
        )
    )


def _next_try(waits: RetryWaits, now: datetime) -> ColumnElement[Any]:
    """Say in SQL when an entry, whose other columns are set, is tried again; null for at once or never."""
    doubled = func.least(quarantine.c.attempts - 2, _LONGEST_DOUBLING)
    seconds = func.least(waits.first_seconds * func.pow(2, doubled), waits.most_seconds)
    return case(
        (quarantine.c.permanent, null()),
        (quarantine.c.status == Status.IGNORED, null()),
        (quarantine.c.reason.in_(_TRIED_BY_EVERY_RUN), null()),
        (quarantine.c.attempts < 2, null()),
        else_=func.timestampadd(text("SECOND"), func.round(seconds), now),
    )


def _note_refusals(
    connection: Connection,
    rejections: Mapping[str, Rejection],
    before: Mapping[str, Any],
    ingest_run_id: int,
    now: datetime,
) -> None:
    after = connection.execute(
        select(quarantine.c.id, quarantine.c.entry_key, quarantine.c.attempts)
        .where(quarantine.c.entry_key.in_(rejections))
        .order_by(quarantine.c.id)
    ).all()
    events = [
        {
            "quarantine_id": row.id,
            "happened_at": now,
            "event": event,
            "reason": rejections[row.entry_key].reason,
            "message": rejections[row.entry_key].message,
            "ingest_run_id": ingest_run_id,
        }
        for row in after
        if (event := _event(row, before.get(row.entry_key), rejections[row.entry_key], ingest_run_id))
    ]
    if events:
        connection.execute(insert(quarantine_event), events)


def _event(row: Any, before: Any, rejection: Rejection, ingest_run_id: int) -> Event | None:
    """Return what happened to an entry, as it is and as it was; None when it is nothing worth a note."""
    if before is None:
        # More than one attempt: another batch opened it in this very moment.
        return Event.OPENED if row.attempts == 1 else Event.REFUSED_AGAIN
    if before.status in _CLOSED:
        return Event.REOPENED
    if before.ingest_run_id == ingest_run_id:
        return None
    is_the_same = (before.reason, before.message) == (rejection.reason, rejection.message)
    if rejection.stage is Stage.DISCOVER and is_the_same:
        return None  # every run looks at the line, and nothing was tried
    return Event.REFUSED_AGAIN


def standing(connection: Connection, rejection: Rejection) -> Standing:
    """Return how often what was just refused was refused, and when it is tried again."""
    key = entry_key(rejection.uri, rejection.sha256, rejection.page_no, rejection.stage)
    row = connection.execute(
        select(quarantine.c.attempts, quarantine.c.status, quarantine.c.next_try_at).where(
            quarantine.c.entry_key == key
        )
    ).one()
    return Standing(row.attempts, NEVER if row.status == Status.IGNORED else row.next_try_at)


def next_try_of(connection: Connection, sha256: str) -> datetime | None:
    """Return when a medium is tried again: with the last of what is to be tried again in it.

    Never, when all that is in quarantine of it is ignored.
    """
    is_open = quarantine.c.status == Status.OPEN
    may_pass = and_(is_open, quarantine.c.permanent.is_(False))
    row = connection.execute(
        select(
            func.max(case((may_pass, quarantine.c.next_try_at))).label("latest"),
            func.coalesce(func.sum(is_open), 0).label("open"),
            func.count().label("all"),
        ).where(quarantine.c.sha256 == sha256, quarantine.c.status.in_((Status.OPEN, Status.IGNORED)))
    ).one()
    if row.all and not row.open:
        return NEVER
    latest: datetime | None = row.latest
    return latest

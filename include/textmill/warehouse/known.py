"""Which of the references that a source names need no look, asked of the warehouse for thousands at once.

A million files that did not change cost one question per thousand of them, and no write: that they were seen
is implied by the time at which their source was listed (`source.listed_at`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, select, text, update

from textmill.records import Kind, MediaRef
from textmill.run_wishes import Reread
from textmill.warehouse.addresses import name_hash, uri_hash
from textmill.warehouse.locations import REAPPEARED, OpenMembers, is_ignored, open_members, waits
from textmill.warehouse.main_locations import choose_between_locations, lock_media_at
from textmill.warehouse.quarantine_closing import reopen_locations
from textmill.warehouse.seen_locations import SeenLocations
from textmill.warehouse.tables import SETTLED, media, media_location
from textmill.web_addresses import is_web

CHUNK = 2000
"""References per question."""

ReadOtherwise = Callable[[Connection, Sequence[MediaRef]], set[str]]
"""Tells at which of some addresses lies what would be read otherwise now."""

_KEYS: Any = bindparam("keys", expanding=True)


@dataclass(frozen=True)
class Question:
    """How references are looked up.

    Attributes:
        reread: what is looked at although it did not change.
        now: what waits for a later time than this is not looked at.
        moment: when the run began; what it notes, it notes of this time.
        source: name of the source that names the references.
        adopt_as: the name to give to locations whose source is a typed address; None leaves them.
        tags: those of the source, which such locations get, too.
        read_otherwise: what `Reread.OTHER_ENGINE` goes by; without it, everything is read again.
        ingest_run_id: the run that asks.
    """

    reread: Reread
    now: datetime
    moment: datetime
    source: str
    adopt_as: str | None = None
    tags: tuple[str, ...] = ()
    read_otherwise: ReadOtherwise | None = None
    ingest_run_id: int | None = None


@dataclass
class Answer:
    """What is known of some references.

    Attributes:
        to_read: those to look at, with what was known of them; in order.
        to_ask: those of them that are through, and of which only their server knows if they changed.
        unchanged: how many of the others there are.
        waiting: how many of the unchanged failed lately.
        back: locations that were deleted and are to be marked as there again.
        reappeared: how many of the unchanged were deleted, also those that an earlier attempt of the run
            marked.
        to_adopt: locations that get the name of the source.
    """

    to_read: list[MediaRef] = field(default_factory=list)
    to_ask: set[str] = field(default_factory=set)
    unchanged: int = 0
    waiting: int = 0
    back: list[int] = field(default_factory=list)
    reappeared: int = 0
    to_adopt: list[int] = field(default_factory=list)


class _Verdict(Enum):
    LOOK = auto()
    UNCHANGED = auto()
    WAITING = auto()


def is_anything_known(connection: Connection, prefix: str | None) -> bool:
    """Whether there is any location whose URI begins with `prefix`; of None, any at all."""
    query = select(media_location.c.id).limit(1)
    if prefix is not None:
        query = query.where(begins_with(prefix))
    return connection.execute(query).first() is not None


def begins_with(prefix: str) -> Any:
    """Say in SQL that a location's URI begins with `prefix`.

    A range, since percent signs and underscores would be patterns to LIKE.
    """
    beyond = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    return and_(media_location.c.uri >= prefix, media_location.c.uri < beyond)


def look_up(
    connection: Connection, refs: Sequence[MediaRef], seen: SeenLocations, question: Question
) -> Answer:
    """Tell which references to look at. Every location that is known is put into `seen`."""
    keys = [uri_hash(ref.uri) for ref in refs]
    plain = {row.uri_hash: row for row in _plainly(connection, keys, question)}
    others = [
        key for key, ref in zip(keys, refs, strict=True) if _needs_thought(plain.get(key), ref, question)
    ]
    known: dict[str, Any] = {}
    if others:
        known = {row.uri_hash: row for row in connection.execute(_known(question), {"keys": others})}
    archives = {row.media_id for row in known.values() if row.kind == Kind.ARCHIVE}
    members = open_members(connection, archives, question.now, refused=question.reread is Reread.REFUSED)
    otherwise = _read_otherwise(connection, refs, question)
    answer = Answer()
    for key, ref in zip(keys, refs, strict=True):
        if key not in plain:
            answer.to_read.append(ref)
            continue
        seen.add(plain[key].id)
        if key not in known:
            answer.unchanged += 1
            continue
        row = known[key]
        if row.adopt:
            answer.to_adopt.append(row.id)
        wanted = _is_wanted(row, members, question.reread) or ref.uri in otherwise
        verdict = _Verdict.LOOK if wanted else _verdict(row, ref, members)
        if verdict is _Verdict.LOOK:
            is_asked = is_web(ref.uri) and not wanted and row.media_id not in members.due and _is_through(row)
            answer.to_read.append(_with_what_is_known(row, ref, is_asked))
            if is_asked:
                answer.to_ask.add(ref.uri)
            if row.deleted and is_web(ref.uri):
                answer.back.append(row.id)  # its server may say that nothing changed
            continue
        answer.unchanged += 1
        answer.waiting += verdict is _Verdict.WAITING
        answer.reappeared += bool(row.deleted or row.back)
        if row.deleted:
            answer.back.append(row.id)
    return answer


def _read_otherwise(connection: Connection, refs: Sequence[MediaRef], question: Question) -> set[str]:
    if question.reread is not Reread.OTHER_ENGINE:
        return set()
    if question.read_otherwise is None:
        return {ref.uri for ref in refs}
    return question.read_otherwise(connection, refs)


def find_locations(connection: Connection, uris: Sequence[str], seen: SeenLocations) -> None:
    """Put the locations of some addresses into `seen`."""
    keys = [uri_hash(uri) for uri in uris]
    for key in connection.execute(
        select(media_location.c.id).where(media_location.c.uri_hash.in_(keys))
    ).scalars():
        seen.add(key)


def mark(connection: Connection, answer: Answer, question: Question) -> None:
    """Note what an answer says is to be noted."""
    if answer.back:
        lock_media_at(connection, answer.back)
        connection.execute(
            update(media_location)
            .where(media_location.c.id.in_(answer.back), media_location.c.deleted_at.is_not(None))
            .values(
                deleted_at=None,
                change=REAPPEARED,
                changed_at=question.moment,
                moved_from=None,
                # Another source may have named it before, and does not any more.
                source=question.source,
                source_hash=name_hash(question.source),
                last_seen=question.moment,
            )
        )
        choose_between_locations(connection, answer.back)
        reopen_locations(connection, answer.back, question.moment, ingest_run_id=question.ingest_run_id)
    if answer.to_adopt and question.adopt_as is not None:
        connection.execute(
            update(media_location)
            .where(media_location.c.id.in_(answer.to_adopt))
            .values(
                source=question.adopt_as,
                source_hash=name_hash(question.adopt_as),
                tags=list(question.tags),
            )
        )


_PLAINLY = """
    SELECT
        l.id AS id, l.uri_hash AS uri_hash, l.bytes AS bytes, l.modified_ns AS modified_ns, l.etag AS etag,
        m.status IN %(settled)s AND m.needs_retry = 0 AND m.kind <> %(archive)s
            AND l.failures = 0 AND l.deleted_at IS NULL
            AND (l.`change` <> %(reappeared)s OR l.changed_at <> %(moment)s)
            AND (%(adopt_as)s IS NULL OR LOCATE(':/', l.source) = 0 OR l.source = %(adopt_as)s) AS plain
    FROM media_location AS l
    LEFT JOIN media AS m ON m.id = l.media_id
    WHERE l.uri_hash IN %(keys)s
"""


def _plainly(connection: Connection, keys: Sequence[str], question: Question) -> Any:
    """Ask for the little that tells of most references that they did not change.

    By the driver itself, since this is asked of millions: what SQLAlchemy does for each key and each column
    takes as long as the server.
    """
    wishes = {
        "settled": SETTLED,
        "archive": Kind.ARCHIVE.value,
        "reappeared": REAPPEARED,
        "moment": question.moment,
        "adopt_as": question.adopt_as,
        "keys": tuple(keys),
    }
    return connection.exec_driver_sql(_PLAINLY, wishes)


def _needs_thought(plain: Row[*tuple[Any, ...]] | None, ref: MediaRef, question: Question) -> bool:
    """Whether more has to be known of a location that is there to tell what is to be done."""
    if plain is None:
        return False
    if not plain.plain or question.reread is not Reread.NOTHING or is_web(ref.uri):
        return True
    return not _is_same(plain, ref)


def _known(question: Question) -> Any:
    location = media_location.c
    adopt: Any = text("0 AS adopt")
    if question.adopt_as is not None:
        adopt = and_(func.locate(":/", location.source) > 0, location.source != question.adopt_as).label(
            "adopt"
        )
    return (
        select(
            location.id,
            location.uri_hash,
            location.media_id,
            location.bytes,
            location.modified_ns,
            location.etag,
            location.last_modified,
            location.refused,
            location.failures,
            location.deleted_at.is_not(None).label("deleted"),
            and_(location.change == REAPPEARED, location.changed_at == question.moment).label("back"),
            waits(location, question.now).label("waits"),
            is_ignored(location).label("ignored"),
            adopt,
            media.c.status,
            media.c.needs_retry,
            media.c.kind,
            media.c.sha256,
            media.c.page_count,
        )
        .outerjoin(media, media.c.id == location.media_id)
        .where(location.uri_hash.in_(_KEYS))
    )


def _verdict(row: Row[*tuple[Any, ...]], ref: MediaRef, members: OpenMembers) -> _Verdict:
    same = _is_same(row, ref)
    if ref.sha256 is not None and ref.sha256 == row.sha256 and _is_settled(row):
        same = True
    elif is_web(ref.uri) and not row.waits:
        return _Verdict.LOOK  # only its server knows
    if not same:
        return _Verdict.LOOK
    if row.media_id in members.due:
        return _Verdict.LOOK
    if row.waits or row.media_id in members.waiting:
        return _Verdict.WAITING
    return _Verdict.UNCHANGED if _is_through(row) else _Verdict.LOOK


def _is_wanted(row: Row[*tuple[Any, ...]], members: OpenMembers, reread: Reread) -> bool:
    """Whether it is to be looked at although it did not change."""
    match reread:
        case Reread.NOTHING:
            return False
        case Reread.EVERYTHING:
            return True
        case Reread.OTHER_ENGINE:
            return bool(row.failures > 0)  # and what is read otherwise, see `_read_otherwise`
        case Reread.REFUSED:
            return not row.ignored and (
                bool(row.refused)
                or row.failures > 0
                or row.status in ("partial", "quarantined")
                or bool(row.needs_retry)
                or row.media_id in members.due
                or row.media_id in members.waiting
            )


def _is_same(row: Row[*tuple[Any, ...]], ref: MediaRef) -> bool:
    """Whether a reference says of its medium what it said the last time."""
    if is_web(ref.uri):
        return True
    if (row.bytes, row.modified_ns) != (ref.bytes, ref.modified_ns):
        return False
    return ref.etag is None or row.etag is None or row.etag == ref.etag


def _is_settled(row: Row[*tuple[Any, ...]]) -> bool:
    return row.status in SETTLED and not row.needs_retry and row.failures == 0


def _is_refused(row: Row[*tuple[Any, ...]]) -> bool:
    return bool(row.refused) and row.failures == 0


def _is_through(row: Row[*tuple[Any, ...]]) -> bool:
    return _is_settled(row) or _is_refused(row)


def _with_what_is_known(row: Row[*tuple[Any, ...]], ref: MediaRef, is_asked: bool) -> MediaRef:
    """Return a reference with what helps to plan and to fetch it.

    Args:
        is_asked: its content is needed only if it changed.
    """
    known: dict[str, Any] = {"pages": row.page_count}
    if is_asked and ref.sha256 in (None, row.sha256):
        # Its server is asked for it only if it changed.
        known |= {"etag": row.etag, "last_modified": row.last_modified}
    return ref.model_copy(update=known)

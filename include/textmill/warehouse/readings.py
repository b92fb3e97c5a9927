"""Readings in parts: a long medium at one location, of which several batches of a run read a part each.

The row of a reading is locked before anything about it is decided, and before the row of its medium. So one
of two batches that end at the same time finds all parts read, and puts them together.

The content is claimed by the reading, not by a batch, and all its parts must have found the same content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects.mysql import insert

from textmill.errors import FileChanged
from textmill.records import BatchItem, Content, FetchOutcome, Kind
from textmill.staging import name_of
from textmill.warehouse.addresses import uri_hash
from textmill.warehouse.claims import Claim, Claimant, claim, register, release_claim
from textmill.warehouse.tables import ingest_run, media, reading, reading_part


@dataclass(frozen=True)
class Reading:
    """A reading of which all parts are there.

    Attributes:
        media_id: the content that its parts found, None where none of them was to read it.
        batches: for each part, the batch that has it.
    """

    id: int
    media_id: int | None
    batches: Sequence[int]


@dataclass(frozen=True)
class ReadingFigures:
    """What a reading came to, for the books of its run.

    Attributes:
        outcome: loaded, quarantined, unchanged; or opened: an archive, which its batch has counted.
    """

    outcome: str
    pages_loaded: int = 0
    pages_warned: int = 0
    pages_quarantined: int = 0
    confidence_sum: float = 0.0
    pages_with_text: int = 0


def reopen_parts(connection: Connection, run_id: str, batch_no: int) -> None:
    """Forget what a batch said of its parts: it fetches them anew."""
    readings = select(reading.c.id).where(reading.c.ingest_run_id == _run(run_id))
    connection.execute(
        update(reading_part)
        .where(reading_part.c.reading_id.in_(readings), reading_part.c.batch_no == batch_no)
        .values(outcome=None, read_at=None)
    )


def claim_item(
    connection: Connection, item: BatchItem, content: Content, claimant: Claimant, now: datetime
) -> Claim:
    """Register the content of an item and claim it, for the batch or for the reading that it is a part of.

    Archives are not read in parts: the first part opens them.

    Raises:
        FileChanged: another part of the same file found other content.
    """
    if item.parts == 1:
        return claim(connection, content, claimant, now)
    row = _lock(connection, item, claimant.run_id)
    parts = _parts(connection, row.id)
    if row.parts != item.parts or _is_taken(parts, item.part, claimant.batch_no):
        return Claim(register(connection, content, now), granted=False, held=True)
    others = {part.outcome for number, part in parts.items() if number != item.part}
    if content.kind is Kind.ARCHIVE:
        answer = _claim_archive(connection, item, content, claimant, now)
        outcome = FetchOutcome.OPENED if answer.granted else FetchOutcome.UNCHANGED
    elif FetchOutcome.UNCHANGED in others:
        answer = Claim(register(connection, content, now), granted=False, held=False)
        outcome = FetchOutcome.UNCHANGED
    else:
        answer = _claim_part(connection, row, item, content, claimant, now, FetchOutcome.READ in others)
        outcome = FetchOutcome.READ if answer.granted else FetchOutcome.UNCHANGED
    _note(connection, row.id, item.part, batch_no=claimant.batch_no, outcome=outcome, read_at=None)
    return answer


def settle_part(
    connection: Connection,
    item: BatchItem,
    outcome: FetchOutcome,
    *,
    run_id: str,
    batch_no: int,
    now: datetime,
) -> Reading | None:
    """Note that a part is through, and lock its reading; returns it when all its parts are.

    Raises:
        PartIsTaken: see the class.
    """
    row = _lock(connection, item, run_id)
    parts = _parts(connection, row.id)
    if row.parts != item.parts or _is_taken(parts, item.part, batch_no):
        raise PartIsTaken
    _note(connection, row.id, item.part, batch_no=batch_no, outcome=outcome, read_at=now)
    parts = _parts(connection, row.id)
    if len(parts) < row.parts or any(part.read_at is None for part in parts.values()):
        return None
    return Reading(row.id, row.media_id, [parts[number].batch_no for number in range(row.parts)])


class PartIsTaken(Exception):
    """The same location is in two batches of a run, as when two sources name it; the other batch has it."""


def close_reading(connection: Connection, reading_id: int, figures: ReadingFigures) -> None:
    """Note what a reading came to, in the place of what was noted before."""
    connection.execute(update(reading).where(reading.c.id == reading_id).values(**vars(figures)))


def give_up_medium(connection: Connection, found: Reading) -> None:
    """Have the medium tried again whose reading was refused, unless it was settled before.

    Only what lies at the location was refused: the content may turn up at another.
    """
    if found.media_id is not None:
        connection.execute(
            update(media)
            .where(
                media.c.id == found.media_id,
                media.c.claimed_reading == found.id,
                media.c.status == "claimed",
            )
            .values(status="quarantined", needs_retry=True)
        )


def totals_of_readings(connection: Connection, ingest_run_id: int) -> Row[*tuple[Any, ...]]:
    """Return what the readings in parts add to the totals of a run, by the names of `ingest_batch`."""

    def media_that_are(outcome: str) -> Any:
        return func.coalesce(func.sum(func.if_(reading.c.outcome == outcome, 1, 0)), 0)

    def sum_of(name: str) -> Any:
        return func.coalesce(func.sum(reading.c[name]), 0)

    return connection.execute(
        select(
            func.coalesce(func.sum(reading.c.outcome.is_(None)), 0).label("unfinished"),
            *(media_that_are(one).label(f"media_{one}") for one in ("loaded", "unchanged", "quarantined")),
            *(
                sum_of(name).label(name)
                for name in (
                    "pages_loaded",
                    "pages_warned",
                    "pages_quarantined",
                    "confidence_sum",
                    "pages_with_text",
                )
            ),
        ).where(reading.c.ingest_run_id == ingest_run_id)
    ).one()


def _claim_archive(
    connection: Connection, item: BatchItem, content: Content, claimant: Claimant, now: datetime
) -> Claim:
    if item.part == 0:
        return claim(connection, content, claimant, now)
    return Claim(register(connection, content, now), granted=False, held=False)


def _claim_part(
    connection: Connection,
    row: Row[*tuple[Any, ...]],
    item: BatchItem,
    content: Content,
    claimant: Claimant,
    now: datetime,
    others_read: bool,
) -> Claim:
    media_id = register(connection, content, now)
    if row.media_id not in (None, media_id):
        if others_read:
            raise FileChanged(
                f"{name_of(item.ref.uri)} was changed while its parts were read; the next run takes it again."
            )
        release_claim(connection, row.media_id, row.id)
    answer = claim(connection, content, replace(claimant, reading_id=row.id), now)
    if answer.granted:
        connection.execute(update(reading).where(reading.c.id == row.id).values(media_id=media_id))
    return answer


def _run(run_id: str) -> Any:
    return select(ingest_run.c.id).where(ingest_run.c.run_id == run_id).scalar_subquery()


def _lock(connection: Connection, item: BatchItem, run_id: str) -> Row[*tuple[Any, ...]]:
    run, key = _run(run_id), uri_hash(item.ref.uri)
    connection.execute(
        insert(reading).prefix_with("IGNORE").values(ingest_run_id=run, uri_hash=key, parts=item.parts)
    )
    return connection.execute(
        select(reading.c.id, reading.c.parts, reading.c.media_id)
        .where(reading.c.ingest_run_id == run, reading.c.uri_hash == key)
        .with_for_update()
    ).one()


def _parts(connection: Connection, reading_id: int) -> dict[int, Row[*tuple[Any, ...]]]:
    rows = connection.execute(select(reading_part).where(reading_part.c.reading_id == reading_id))
    return {row.part: row for row in rows}


def _is_taken(parts: dict[int, Row[*tuple[Any, ...]]], part: int, batch_no: int) -> bool:
    """Tell whether another batch has a part, or this batch another part: it can read one of a medium only."""
    if part in parts:
        return bool(parts[part].batch_no != batch_no)
    return any(one.batch_no == batch_no for one in parts.values())


def _note(connection: Connection, reading_id: int, part: int, **values: Any) -> None:
    entry = insert(reading_part).values(reading_id=reading_id, part=part, **values)
    connection.execute(entry.on_duplicate_key_update({name: entry.inserted[name] for name in values}))

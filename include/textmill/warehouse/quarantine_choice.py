"""Which entries of the quarantine are meant, and how many of which kind they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, select

from textmill.records import Stage
from textmill.run_wishes import QuarantineFilter
from textmill.warehouse.quarantine_history import Status
from textmill.warehouse.tables import media_location, quarantine, source

CHUNK = 2000
"""Entries that are looked at, or changed in one transaction, at a time."""


@dataclass(frozen=True)
class EntryGroup:
    """How many entries have a reason and a source; that is None of what lies at no known address."""

    reason: str
    source: str | None
    entries: int


def fitting(wish: QuarantineFilter) -> list[ColumnElement[bool]]:
    """Say in SQL that an entry is what is wished for, but for its source."""
    conditions: list[ColumnElement[bool]] = []
    if wish.reasons:
        conditions.append(quarantine.c.reason.in_(wish.reasons))
    if wish.since is not None:
        conditions.append(quarantine.c.last_seen >= wish.since)
    if wish.until is not None:
        conditions.append(quarantine.c.last_seen < wish.until)
    if wish.ids:
        conditions.append(quarantine.c.id.in_(wish.ids))
    if wish.name is not None:
        conditions.append(last_part().like(_like(wish.name), escape="|"))
    return conditions


def last_part() -> ColumnElement[str]:
    """Say in SQL what an address ends with: the name of a file, or of a member of an archive."""
    part: ColumnElement[str] = func.substring_index(func.substring_index(quarantine.c.uri, "/", -1), "!", -1)
    return part


def _like(pattern: str) -> str:
    """Return a pattern with * and ? as LIKE has it, for percent-encoded names; | takes away its meaning."""
    encoded = quote(pattern, safe="*?|+,;=@&$()'#")
    for special in "|%_":
        encoded = encoded.replace(special, f"|{special}")
    return encoded.replace("*", "%").replace("?", "_")


def source_of_entry() -> ColumnElement[Any]:
    """Say in SQL from which source an entry came; a line of a manifest has no location of its own."""
    manifest = (
        select(func.min(source.c.name))
        .where(
            quarantine.c.stage == Stage.DISCOVER,
            source.c.location == func.substring_index(quarantine.c.uri, "#", 1),
        )
        .scalar_subquery()
    )
    return func.coalesce(media_location.c.source, manifest)


def choose(wish: QuarantineFilter, statuses: Sequence[Status], *columns: Any) -> Select[Any]:
    """Return the query for entries that fit and stand so."""
    query = (
        select(*columns)
        .select_from(quarantine)
        .outerjoin(media_location, media_location.c.uri_hash == quarantine.c.uri_hash)
        .where(quarantine.c.status.in_(statuses), *fitting(wish))
    )
    if wish.source is not None:
        query = query.where(source_of_entry().collate("utf8mb4_bin") == wish.source)
    return query


def chosen_keys(engine: Engine, wish: QuarantineFilter, statuses: Sequence[Status]) -> Iterator[list[int]]:
    """Yield the keys of the entries that fit, a bounded number at a time."""
    after = 0
    query = choose(wish, statuses, quarantine.c.id).order_by(quarantine.c.id).limit(CHUNK)
    while True:
        with engine.connect() as connection:
            keys = list(connection.execute(query.where(quarantine.c.id > after)).scalars())
        if not keys:
            return
        yield keys
        after = keys[-1]


def groups(
    connection: Connection,
    wish: QuarantineFilter,
    statuses: Sequence[Status],
    *conditions: ColumnElement[bool],
) -> list[EntryGroup]:
    """Return how many entries fit, by reason and source; the most numerous first."""
    chosen = (
        choose(wish, statuses, quarantine.c.reason, source_of_entry().label("source"))
        .where(*conditions)
        .subquery()
    )
    count = func.count().label("entries")
    rows = connection.execute(
        select(chosen.c.reason, chosen.c.source, count)
        .group_by(chosen.c.reason, chosen.c.source)
        .order_by(count.desc(), chosen.c.reason, chosen.c.source)
    )
    return [EntryGroup(row.reason, row.source, row.entries) for row in rows]

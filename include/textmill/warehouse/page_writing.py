"""Write the pages of a medium and their lines, some at a time, and leave alone what did not change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select

from textmill.records import Outcome
from textmill.staged_pages import LINE_FIELDS, StagedPage
from textmill.warehouse.cjk import cjk_pieces
from textmill.warehouse.multi_row import MultiRowInsert
from textmill.warehouse.packets import expect_to_fit
from textmill.warehouse.tables import line, page

_PAGES_AT_ONCE = 128
_CHARACTERS_AT_ONCE = 2_000_000
"""Of text in one chunk; what its lines say comes on top."""

_FROM_PAGE = (
    "page_no",
    "text",
    "confidence",
    "confidence_low",
    "low_line_share",
    "width",
    "height",
    "dpi",
    "rotation",
    "ink",
    "preprocessing",
    "text_source",
    "engine",
    "model",
    "fingerprint",
    "milliseconds",
    "start_ms",
    "end_ms",
)
_FROM_LOADER = ("cjk", "warnings", "quality", "media_id", "ingest_run_id", "batch_no", "loaded_at")
_KEY = ("media_id", "page_no")

_COLUMNS = (*_FROM_PAGE, *_FROM_LOADER)
_UPSERT_PAGES = MultiRowInsert(page, _COLUMNS, [name for name in _COLUMNS if name not in _KEY])
_INSERT_LINES = MultiRowInsert(line, ("page_id", *LINE_FIELDS))

_KEYS = select(page.c.page_no, page.c.id).where(
    page.c.media_id == bindparam("media_id"), page.c.page_no.between(bindparam("first"), bindparam("last"))
)
_PRESENT = _KEYS.add_columns(
    page.c.fingerprint,
    func.sha2(page.c.text, 256).label("digest"),
    page.c.width,
    page.c.height,
    page.c.warnings,
)


@dataclass(frozen=True)
class Origin:
    """Whence pages come: the medium's key and name, and the load that writes them."""

    media_id: int
    name: str
    ingest_run_id: int
    batch_no: int
    now: datetime


def write_pages(
    connection: Connection, pages: Iterable[StagedPage], origin: Origin, *, nothing_there: bool
) -> Iterator[Sequence[StagedPage]]:
    """Write what is new or changed; yields it, chunk by chunk, when it is written.

    Args:
        nothing_there: the medium has no pages in the warehouse.

    Raises:
        PacketTooSmall: the server does not take the text of a page.
    """
    for chunk in _chunks(pages):
        present = {} if nothing_there else _present(connection, origin.media_id, chunk)
        changed = [one for one in chunk if not _is_same(present.get(one.page_no), one)]
        if changed:
            _write(connection, changed, origin, present)
            yield changed


def _chunks(pages: Iterable[StagedPage]) -> Iterator[list[StagedPage]]:
    chunk: list[StagedPage] = []
    characters = 0
    for one in pages:
        chunk.append(one)
        characters += len(one.text)
        if len(chunk) >= _PAGES_AT_ONCE or characters >= _CHARACTERS_AT_ONCE:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _present(
    connection: Connection, media_id: int, chunk: Sequence[StagedPage]
) -> Mapping[int, Row[*tuple[Any, ...]]]:
    """Return what the warehouse has of these pages, by number; a digest stands for the text."""
    return {row.page_no: row for row in connection.execute(_PRESENT, _range(media_id, chunk))}


def _range(media_id: int, chunk: Sequence[StagedPage]) -> dict[str, int]:
    numbers = [one.page_no for one in chunk]
    return {"media_id": media_id, "first": min(numbers), "last": max(numbers)}


def _is_same(row: Row[*tuple[Any, ...]] | None, one: StagedPage) -> bool:
    return row is not None and (row.fingerprint, row.width, row.height, row.warnings, row.digest) == (
        one.values["fingerprint"],
        one.values["width"],
        one.values["height"],
        ",".join(one.warnings),
        hashlib.sha256(one.text.encode()).hexdigest(),
    )


def _write(
    connection: Connection,
    changed: Sequence[StagedPage],
    origin: Origin,
    present: Mapping[int, Row[*tuple[Any, ...]]],
) -> None:
    rows = []
    for one in changed:
        pieces = cjk_pieces(one.text)
        expect_to_fit(connection, one.text, f"page {one.page_no} of {origin.name}", pieces=pieces)
        rows.append(_values(one, pieces, origin))
    _UPSERT_PAGES.execute(connection, rows)
    replaced = [present[one.page_no].id for one in changed if one.page_no in present]
    if replaced:
        connection.execute(delete(line).where(line.c.page_id.in_(replaced)))
    keys = _keys(connection, changed, origin)
    _INSERT_LINES.execute(
        connection, [(keys[one.page_no], *values) for one in changed for values in one.lines]
    )


def _keys(connection: Connection, changed: Sequence[StagedPage], origin: Origin) -> dict[int, int]:
    """Return the keys of pages by their numbers."""
    rows = connection.execute(_KEYS, _range(origin.media_id, changed))
    return {row.page_no: row.id for row in rows}


def _values(one: StagedPage, pieces: str | None, origin: Origin) -> tuple[Any, ...]:
    quality = Outcome.WARNING if one.warnings else Outcome.ACCEPTED
    return (
        *(one.values[name] for name in _FROM_PAGE),
        pieces,
        ",".join(one.warnings),
        quality.value,
        origin.media_id,
        origin.ingest_run_id,
        origin.batch_no,
        origin.now,
    )

"""Read one document out of the warehouse, a few pages at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy import Connection, Engine, Row, func, select

from textmill.errors import ExportError
from textmill.exports.document.described import DocumentFacts
from textmill.exports.snapshots import snapshot
from textmill.records import Kind, LineRecord, OtherReading, PageRecord
from textmill.staging import address_of
from textmill.warehouse.addresses import uri_hash
from textmill.warehouse.tables import line, media, media_location, page

_PAGES_AT_ONCE = 20


class StoredDocument:
    """A document as it is at one moment, whatever is loaded meanwhile.

    Attributes:
        connection: sees the warehouse as it is at that moment.
    """

    def __init__(self, connection: Connection, facts: DocumentFacts) -> None:
        self.facts = facts
        self.connection = connection

    def pages(self) -> Iterator[PageRecord]:
        """Yield the pages in order, with their lines."""
        numbers = self.connection.scalars(
            select(page.c.id).where(page.c.media_id == self.facts.media_id).order_by(page.c.page_no)
        ).all()
        for start in range(0, len(numbers), _PAGES_AT_ONCE):
            yield from self._some_pages(numbers[start : start + _PAGES_AT_ONCE])

    def _some_pages(self, page_ids: Sequence[int]) -> Iterator[PageRecord]:
        rows = self.connection.execute(
            select(line).where(line.c.page_id.in_(page_ids)).order_by(line.c.page_id, line.c.line_no)
        ).all()
        lines = {page_id: tuple(map(_line, some)) for page_id, some in groupby(rows, lambda row: row.page_id)}
        for row in self.connection.execute(
            select(page).where(page.c.id.in_(page_ids)).order_by(page.c.page_no)
        ).all():
            yield _page(row, self.facts.sha256, lines.get(row.id, ()))


@contextmanager
def stored_document(
    warehouse: Engine, *, uri: str | None = None, sha256: str | None = None
) -> Iterator[StoredDocument]:
    """Yield a document by an address at which it lies or lay (or a path), or by its content.

    Raises:
        ExportError: there is no such document, or it has no text in the warehouse.
    """
    with snapshot(warehouse) as connection:
        media_id = _media_id(connection, uri, sha256)
        yield StoredDocument(connection, _facts(connection, media_id))


def _media_id(connection: Connection, uri: str | None, sha256: str | None) -> int:
    if bool(uri) == bool(sha256):
        raise ExportError("Name one document: by its address (URI) or by its content (SHA256).")
    if sha256:
        found = connection.scalar(select(media.c.id).where(media.c.sha256 == sha256.strip().lower()))
        if found is None:
            raise ExportError(f"No document with the SHA-256 {sha256} is known: see v_document.")
        return int(found)
    by_hash = {uri_hash(address): address for address in _addresses(str(uri))}
    location = media_location.c
    rows = connection.execute(
        select(location.uri, location.media_id).where(location.uri_hash.in_(by_hash))
    ).all()
    if not rows:
        raise ExportError(
            f"Nothing was ever read at {next(iter(by_hash.values()))}: see uri in v_location for what was."
        )
    found = next((row.media_id for row in rows if row.media_id is not None), None)
    if found is None:
        raise ExportError(f"{rows[0].uri} could not be opened, so it has no text: see v_quarantine.")
    return int(found)


def _addresses(typed: str) -> list[str]:
    """Return the addresses that somebody may mean who typed an address, or a path."""
    outside, mark, inside = typed.partition("!")
    if urlsplit(typed).scheme:
        return [typed, address_of(typed)]
    return [address_of(typed), *([f"{address_of(outside)}!{quote(inside, safe='/!')}"] if mark else [])]


def _facts(connection: Connection, media_id: int) -> DocumentFacts:
    row = connection.execute(select(media).where(media.c.id == media_id)).one()
    address = _address(connection, media_id)
    count = connection.scalar(select(func.count()).where(page.c.media_id == media_id))
    facts = DocumentFacts(
        media_id=media_id,
        sha256=row.sha256,
        uri=address,
        kind=Kind(row.kind),
        mime=row.mime,
        pages=int(count or 0),
        page_count=row.page_count,
        loaded_at=row.loaded_at,
    )
    if facts.kind is Kind.ARCHIVE:
        raise ExportError(f"{facts.name} is an archive: export what lies in it, at {address}!MEMBER.")
    if not facts.pages:
        raise ExportError(f"{facts.name} has no text in the warehouse: see v_quarantine for why.")
    return facts


def _address(connection: Connection, media_id: int) -> str | None:
    """Return the address by which the views call a medium."""
    return connection.scalar(
        select(media_location.c.uri)
        .where(media_location.c.media_id == media_id)
        .order_by(
            media_location.c.deleted_at.is_not(None), media_location.c.deleted_at.desc(), media_location.c.id
        )
        .limit(1)
    )


def _page(row: Row[*tuple[Any, ...]], sha256: str, lines: tuple[LineRecord, ...]) -> PageRecord:
    return PageRecord(
        sha256=sha256,
        page_no=row.page_no,
        text=row.text,
        confidence=row.confidence,
        confidence_low=row.confidence_low,
        low_line_share=row.low_line_share,
        width=row.width,
        height=row.height,
        dpi=row.dpi,
        rotation=row.rotation,
        ink=row.ink,
        preprocessing=row.preprocessing,
        text_source=row.text_source,
        engine=row.engine,
        model=row.model,
        fingerprint=row.fingerprint,
        milliseconds=row.milliseconds,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        lines=lines,
        warnings=tuple(filter(None, row.warnings.split(","))),
    )


def _line(row: Row[*tuple[Any, ...]]) -> LineRecord:
    other = None
    if row.other_engine is not None:
        other = OtherReading(engine=row.other_engine, text=row.other_text, confidence=row.other_confidence)
    return LineRecord(
        line_no=row.line_no,
        text=row.text,
        confidence=row.confidence,
        polygon=tuple((x, y) for x, y in row.polygon),
        engine=row.engine,
        other=other,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
    )

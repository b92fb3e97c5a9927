"""Write a medium into the warehouse: idempotent, in the one transaction that the caller opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.mysql import insert

from textmill.confidence import LineConfidence, low_line_share, low_quantile
from textmill.records import LineRecord, Outcome, PageRecord, Rejection
from textmill.warehouse.quarantine_closing import resolve
from textmill.warehouse.quarantining import RetryWaits, next_try_of, quarantine_all
from textmill.warehouse.tables import document, line, media, page


class Pages(Protocol):
    """Pages in order, of which it is known how many there are."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[PageRecord]: ...


@dataclass(frozen=True)
class MediumResult:
    """Everything that a batch found out about one medium.

    Attributes:
        page_count: pages that the medium has, None when it could not be opened.
        duration_ms: how long a video lasts.
        pages: the accepted ones; they may be streamed from a file each time they are asked for.
        rejections: what was refused: pages, or the medium as a whole.
        members: something was taken out of it: it is an archive.
        warned: how many of the pages have warnings.
    """

    uri: str
    sha256: str
    page_count: int | None
    pages: Pages
    rejections: Sequence[Rejection]
    duration_ms: int | None = None
    members: bool = False
    warned: int = 0

    @property
    def status(self) -> str:
        """The state in which this leaves the medium."""
        if not self.rejections:
            return "loaded"
        return "partial" if len(self.pages) or self.members else "quarantined"


def load_medium(
    connection: Connection,
    result: MediumResult,
    *,
    ingest_run_id: int,
    batch_no: int,
    now: datetime,
    waits: RetryWaits | None = None,
) -> int:
    """Write pages, lines, document and quarantine entries of one medium; returns how many pages changed.

    A page that is there with the same text from the same fingerprint is left alone, down to its `loaded_at`.
    A page that was accepted once and is refused now keeps its earlier text.
    """
    media_id = connection.execute(
        select(media.c.id).where(media.c.sha256 == result.sha256).with_for_update()
    ).scalar_one()
    present = _present_pages(connection, media_id)
    changed = 0
    for record in result.pages:
        if _is_same(present.get(record.page_no), record):
            continue
        changed += 1
        page_id = _upsert_page(connection, media_id, record, ingest_run_id, batch_no, now)
        _replace_lines(connection, page_id, record)
    if changed:
        _rebuild_document(connection, media_id)
    quarantine_all(
        connection, result.rejections, ingest_run_id=ingest_run_id, batch_no=batch_no, now=now, waits=waits
    )
    resolve(
        connection,
        uri=result.uri,
        sha256=result.sha256,
        kept=result.rejections,
        now=now,
        ingest_run_id=ingest_run_id,
    )
    _settle(connection, media_id, result, bool(changed), bool(present), now)
    return changed


def _present_pages(connection: Connection, media_id: int) -> dict[int, Row[*tuple[Any, ...]]]:
    rows = connection.execute(
        select(
            page.c.page_no,
            page.c.fingerprint,
            page.c.text,
            page.c.width,
            page.c.height,
            page.c.warnings,
        ).where(page.c.media_id == media_id)
    )
    return {row.page_no: row for row in rows}


def _is_same(row: Row[*tuple[Any, ...]] | None, record: PageRecord) -> bool:
    return row is not None and (row.fingerprint, row.text, row.width, row.height, row.warnings) == (
        record.fingerprint,
        record.text,
        record.width,
        record.height,
        _warnings(record),
    )


def _warnings(record: PageRecord) -> str:
    return ",".join(record.warnings)


def _upsert_page(
    connection: Connection,
    media_id: int,
    record: PageRecord,
    ingest_run_id: int,
    batch_no: int,
    now: datetime,
) -> int:
    values = record.model_dump(exclude={"sha256", "lines"}) | {
        "quality": Outcome.WARNING if record.warnings else Outcome.ACCEPTED,
        "warnings": _warnings(record),
        "media_id": media_id,
        "ingest_run_id": ingest_run_id,
        "batch_no": batch_no,
        "loaded_at": now,
    }
    entry = insert(page).values(**values)
    replaced = {name: entry.inserted[name] for name in values if name not in ("media_id", "page_no")}
    # LAST_INSERT_ID(id) makes the key of the updated row the statement's own.
    cursor = connection.execute(entry.on_duplicate_key_update(id=func.last_insert_id(page.c.id), **replaced))
    return int(cursor.lastrowid)


def _replace_lines(connection: Connection, page_id: int, record: PageRecord) -> None:
    connection.execute(delete(line).where(line.c.page_id == page_id))
    if record.lines:
        connection.execute(insert(line), [{"page_id": page_id} | _line_values(one) for one in record.lines])


def _line_values(record: LineRecord) -> dict[str, Any]:
    values = record.model_dump(mode="json", exclude={"other"})
    other = record.other
    return values | {
        "other_engine": other and other.engine,
        "other_text": other and other.text,
        "other_confidence": other and other.confidence,
    }


def _rebuild_document(connection: Connection, media_id: int) -> None:
    rows = connection.execute(
        select(page.c.text, page.c.confidence).where(page.c.media_id == media_id).order_by(page.c.page_no)
    ).all()
    confidences = [row.confidence for row in rows if row.confidence is not None]
    lines = [
        LineConfidence(row.confidence, 0)
        for row in connection.execute(
            select(line.c.confidence)
            .join(page, page.c.id == line.c.page_id)
            .where(page.c.media_id == media_id)
        )
    ]
    values = {
        "text": "\f".join(row.text for row in rows),
        "confidence": sum(confidences) / len(confidences) if confidences else None,
        "confidence_low": low_quantile(lines),
        "low_line_share": low_line_share(lines),
        "pages": len(rows),
    }
    entry = insert(document).values(media_id=media_id, **values)
    connection.execute(entry.on_duplicate_key_update({name: entry.inserted[name] for name in values}))


def _settle(
    connection: Connection, media_id: int, result: MediumResult, changed: bool, present: bool, now: datetime
) -> None:
    status = "partial" if result.status == "quarantined" and present else result.status
    needs_retry = any(not rejection.permanent for rejection in result.rejections)
    values: dict[str, Any] = {
        "status": status,
        "needs_retry": needs_retry,
        "next_try_at": next_try_of(connection, result.sha256) if result.rejections else None,
    }
    if result.page_count is not None:
        values["page_count"] = result.page_count
    if result.duration_ms is not None:
        values["duration_ms"] = result.duration_ms
    if changed:
        values["loaded_at"] = now
    elif status != "quarantined":  # a medium without pages is loaded, too
        values["loaded_at"] = func.coalesce(media.c.loaded_at, now)
    connection.execute(update(media).where(media.c.id == media_id).values(**values))

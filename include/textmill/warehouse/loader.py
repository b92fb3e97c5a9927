"""Write a medium into the warehouse: idempotent, in the one transaction that the caller opened.

Locks are taken in this order, so that two loaders of the same medium wait for each other at the first of
them: the reading, where a medium is read in parts (the caller's), the row of `media`, its rows in `page` and
`line`, its row in `document`, its entries in `quarantine`. Two loaders of different media meet in the indexes
only, as any inserts do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, delete, func, select, update

from textmill.page_table import staged_pages
from textmill.records import PageRecord, Rejection
from textmill.staged_pages import StagedPage
from textmill.staging import name_of
from textmill.warehouse.addresses import uri_hash
from textmill.warehouse.documents import FreshDocument, rebuild_document
from textmill.warehouse.page_writing import Origin, write_pages
from textmill.warehouse.quarantine_closing import has_entries, resolve
from textmill.warehouse.quarantining import RetryWaits, next_try_of, quarantine_all
from textmill.warehouse.tables import document, media, page


class Pages(Protocol):
    """Pages in order, of which it is known how many there are."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[PageRecord | StagedPage]: ...


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
    media_id = connection.execute(_LOCK_MEDIUM, {"sha256": result.sha256}).scalar_one()
    # Only now: whoever held the lock may have written pages and entries.
    known = connection.execute(
        _WHAT_IS_KNOWN,
        {"media_id": media_id, "sha256": result.sha256, "address": uri_hash(result.uri)},
    ).one()
    origin = Origin(media_id, name_of(result.uri), ingest_run_id, batch_no, now)
    changed = _write(connection, result, origin, nothing_there=not known.pages)
    if known.pages and not known.document and not changed:
        rebuild_document(connection, media_id, origin.name)
    quarantine_all(
        connection, result.rejections, ingest_run_id=ingest_run_id, batch_no=batch_no, now=now, waits=waits
    )
    if known.entries:
        resolve(
            connection,
            uri=result.uri,
            sha256=result.sha256,
            kept=result.rejections,
            now=now,
            ingest_run_id=ingest_run_id,
        )
    _settle(connection, media_id, result, bool(changed), bool(known.pages), now)
    return changed


_LOCK_MEDIUM = select(media.c.id).where(media.c.sha256 == bindparam("sha256")).with_for_update()
_WHAT_IS_KNOWN = select(
    select(page.c.id).where(page.c.media_id == bindparam("media_id")).exists().label("pages"),
    select(document.c.media_id)
    .where(document.c.media_id == bindparam("media_id"))
    .exists()
    .label("document"),
    has_entries(bindparam("address"), bindparam("sha256")).label("entries"),
)
"""Whether there is anything to compare with, or to close: for a new medium, that spares both."""


def _write(connection: Connection, result: MediumResult, origin: Origin, *, nothing_there: bool) -> int:
    """Write pages, lines and the document; returns how many pages changed, or are no more."""
    fresh = FreshDocument(connection, origin.name)
    changed = 0
    for written in write_pages(connection, _staged(result.pages), origin, nothing_there=nothing_there):
        changed += len(written)
        if nothing_there:
            fresh.add(written)
    if not nothing_there:
        changed += _remove_beyond(connection, origin.media_id, result.page_count)
    if changed and nothing_there:
        fresh.write(origin.media_id)
    elif changed:
        rebuild_document(connection, origin.media_id, origin.name)
    return changed


def _remove_beyond(connection: Connection, media_id: int, page_count: int | None) -> int:
    """Remove the pages that the medium does not have when it is read as it was now.

    A video that is looked at less often, or an animation of which one frame is read, has fewer of them.
    """
    if page_count is None:
        return 0
    beyond = delete(page).where(page.c.media_id == media_id, page.c.page_no > page_count)
    return connection.execute(beyond).rowcount


def _staged(pages: Iterable[PageRecord | StagedPage]) -> Iterator[StagedPage]:
    for one in pages:
        if isinstance(one, StagedPage):
            yield one
        else:
            yield from staged_pages([one])


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

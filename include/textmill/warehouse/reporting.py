"""Read the books of a run back: progress while it goes on, and the summary when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, func, or_, select

from textmill.records import Stage
from textmill.staging import address_of
from textmill.warehouse.connection import utc_now
from textmill.warehouse.tables import (
    document,
    ingest_batch,
    ingest_run,
    media,
    media_location,
    page,
    quarantine,
    source,
)

_TELLING_SHARE = 0.1
"""Before so much of the work is done, the time that it took says little about the rest."""


@dataclass(frozen=True)
class RunProgress:
    """How far a run is.

    Attributes:
        pages_total: of the batches that were fetched so far; grows as more are.
        pages_per_second: since OCR began, 0 before that.
        seconds_left: None while there is nothing to go by.
    """

    state: str
    batches_total: int
    batches_done: int
    pages_total: int
    pages_done: int
    media_found: int
    media_unchanged: int
    pages_per_second: float
    seconds_left: float | None


@dataclass(frozen=True)
class MediumLine:
    """One medium that a run loaded. An archive has no pages: what lies in it is listed on its own."""

    uri: str
    kind: str
    status: str
    pages: int
    confidence: float | None
    first_line: str


@dataclass(frozen=True)
class QuarantineLine:
    """One medium or page that a run put into quarantine."""

    uri: str
    page_no: int | None
    reason: str
    message: str


@dataclass(frozen=True)
class RunSummary:
    """What a run did.

    Attributes:
        seconds: from its first task to its last.
        open_entries: quarantine entries of the run's source that are open, also those of earlier runs.
        problem: what did not get through, in words.
    """

    state: str
    media_found: int
    media_loaded: int
    media_unchanged: int
    media_quarantined: int
    pages_loaded: int
    pages_quarantined: int
    confidence: float | None
    seconds: float
    pages_per_second: float
    media: Sequence[MediumLine]
    quarantined: Sequence[QuarantineLine]
    open_entries: int = 0
    problem: str | None = None


def run_progress(engine: Engine, run_id: str) -> RunProgress | None:
    """Return how far a run is, or None before its first task opened the books."""
    with engine.connect() as connection:
        run = connection.execute(select(ingest_run).where(ingest_run.c.run_id == run_id)).one_or_none()
        if run is None:
            return None
        batches = connection.execute(
            select(
                func.count().label("total"),
                func.coalesce(func.sum(ingest_batch.c.state == "loaded"), 0).label("done"),
                func.coalesce(func.sum(ingest_batch.c.pages_total), 0).label("pages_total"),
                func.coalesce(func.sum(ingest_batch.c.pages_done), 0).label("pages_done"),
                func.coalesce(func.sum(ingest_batch.c.estimated_seconds), 0).label("work"),
                func.min(ingest_batch.c.ocr_started_at).label("ocr_began"),
                func.coalesce(
                    func.sum(
                        ingest_batch.c.estimated_seconds
                        * ingest_batch.c.pages_done
                        / func.nullif(ingest_batch.c.pages_total, 0)
                    ),
                    0,
                ).label("work_done"),
            ).where(ingest_batch.c.ingest_run_id == run.id)
        ).one()
    return _progress(run, batches)


def _progress(run: Row[*tuple[Any, ...]], batches: Row[*tuple[Any, ...]]) -> RunProgress:
    elapsed = (utc_now() - batches.ocr_began).total_seconds() if batches.ocr_began else 0.0
    share = batches.work_done / batches.work if batches.work else 0.0
    return RunProgress(
        state=run.state,
        batches_total=batches.total,
        batches_done=int(batches.done),
        pages_total=int(batches.pages_total),
        pages_done=int(batches.pages_done),
        media_found=run.media_found,
        media_unchanged=run.media_unchanged,
        pages_per_second=float(batches.pages_done) / elapsed if elapsed > 0 else 0.0,
        # Batches that nobody has opened yet have no page count; their share of the planned work stands in.
        seconds_left=elapsed * (1 - share) / share if share > _TELLING_SHARE and elapsed > 0 else None,
    )


def run_summary(engine: Engine, run_id: str) -> RunSummary:
    """Return what a run did, with every medium it loaded and every entry it put into quarantine.

    Raises:
        sqlalchemy.exc.NoResultFound: there is no such run.
    """
    with engine.connect() as connection:
        run = connection.execute(select(ingest_run).where(ingest_run.c.run_id == run_id)).one()
        loaded = _loaded_media(connection, run)
        refused = _refused(connection, run.id)
        open_entries = _open_entries(connection, run)
    seconds = ((run.finished_at or utc_now()) - run.started_at).total_seconds()
    return RunSummary(
        state=run.state,
        media_found=run.media_found,
        media_loaded=run.media_loaded,
        media_unchanged=run.media_unchanged,
        media_quarantined=run.media_quarantined,
        pages_loaded=run.pages_loaded,
        pages_quarantined=run.pages_quarantined,
        confidence=run.confidence,
        seconds=seconds,
        pages_per_second=run.pages_loaded / seconds if seconds > 0 else 0.0,
        media=loaded,
        quarantined=refused,
        open_entries=open_entries,
        problem=run.problem,
    )


def _loaded_media(connection: Connection, run: Row[*tuple[Any, ...]]) -> list[MediumLine]:
    with_pages = media.c.id.in_(select(page.c.media_id).where(page.c.ingest_run_id == run.id))
    without = and_(
        document.c.media_id.is_(None),
        media.c.claimed_run == run.run_id,
        media.c.status.in_(("loaded", "partial")),
    )
    seen = media_location.alias("seen")
    first_location = select(func.min(seen.c.id)).where(seen.c.media_id == media.c.id).scalar_subquery()
    rows = connection.execute(
        select(
            media_location.c.uri,
            media.c.kind,
            media.c.status,
            document.c.pages,
            document.c.confidence,
            func.left(document.c.text, 200).label("beginning"),
        )
        .select_from(media)
        .outerjoin(document, document.c.media_id == media.c.id)
        .join(media_location, media_location.c.media_id == media.c.id)
        .where(media_location.c.id == first_location, or_(with_pages, without))
        .order_by(media_location.c.uri)
    )
    return [
        MediumLine(
            row.uri,
            row.kind,
            row.status,
            row.pages or 0,
            row.confidence,
            (row.beginning or "").strip().partition("\n")[0],
        )
        for row in rows
    ]


def _refused(connection: Connection, ingest_run_id: int) -> list[QuarantineLine]:
    rows = connection.execute(
        select(quarantine.c.uri, quarantine.c.page_no, quarantine.c.reason, quarantine.c.message)
        .where(quarantine.c.ingest_run_id == ingest_run_id, quarantine.c.status == "open")
        .order_by(quarantine.c.uri, quarantine.c.page_no)
    )
    return [QuarantineLine(row.uri, row.page_no, row.reason, row.message) for row in rows]


def _open_entries(connection: Connection, run: Row[*tuple[Any, ...]]) -> int:
    # Runs keep the source as it was asked for; locations have its name in the catalogue, or its address.
    listed = connection.execute(select(source.c.name).where(source.c.ingest_run_id == run.id)).scalars()
    names = {run.source, address_of(run.source), *listed}
    of_source = select(media_location.c.uri_hash).where(media_location.c.source.in_(names))
    return connection.execute(
        select(func.count())
        .select_from(quarantine)
        .where(
            quarantine.c.status == "open",
            or_(
                quarantine.c.uri_hash.in_(of_source),
                and_(quarantine.c.stage == Stage.DISCOVER, quarantine.c.ingest_run_id == run.id),
            ),
        )
    ).scalar_one()

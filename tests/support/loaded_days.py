"""Media in the warehouse that were loaded on certain days."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Connection, Engine, select
from warehouse_records import CORNERS, page

from textmill.records import Content, Kind, LineRecord, MediaRef
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location
from textmill.warehouse.tables import media

NOON = time(12)
_BELOW = ((0.5, 6.0), (9.0, 6.0), (9.0, 9.0), (0.5, 9.0))


def load(
    warehouse: Engine,
    ingest_run_id: int,
    day: date,
    letter: str = "a",
    pages: int = 2,
    fingerprint: str = "f1",
    first: int = 1,
    **changes: Any,
) -> None:
    """Load a picture whose SHA-256 is 64 times `letter`, or load it again with another fingerprint."""
    now = datetime.combine(day, NOON)
    lines = (
        LineRecord(line_no=1, text="Dear Sir", confidence=0.5, polygon=CORNERS),
        LineRecord(line_no=2, text="naïve 漢字 🦓", confidence=0.25, polygon=_BELOW),
    )
    records = [
        page(number, letter, fingerprint=fingerprint, **{"lines": lines} | changes)
        for number in range(first, first + pages)
    ]
    known = Content(sha256=letter * 64, bytes=5, mime="image/png", kind=Kind.IMAGE, path="/nowhere")
    ref = MediaRef(uri=f"file:///in/{letter}.png", source="file:///in", bytes=5, modified_ns=7)

    def work(connection: Connection) -> None:
        media_id = connection.scalar(select(media.c.id).where(media.c.sha256 == letter * 64))
        if media_id is None:
            registered = claim(connection, known, Claimant("run-1", 0, False, 1.0), now)
            note_location(connection, ref, media_id=registered.media_id, refused=False, now=now)
        result = MediumResult(ref.uri, letter * 64, first - 1 + pages, records, [])
        load_medium(connection, result, ingest_run_id=ingest_run_id, batch_no=0, now=now)

    in_transaction(warehouse, work)

"""A document in the warehouse, without any run that read it."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from warehouse_records import page

from textmill.records import Content, Kind, LineRecord, MediaRef
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location

NOW = datetime(2026, 11, 24, 12)


def load(
    warehouse: Engine, ingest_run_id: int, uri: str, content: bytes, pages: int = 1, **about: Any
) -> int:
    """Load a medium with these bytes that lies at an address; returns its number."""
    sha256 = hashlib.sha256(content).hexdigest()
    about = {"kind": Kind.IMAGE, "mime": "image/png", "archive_id": None} | about
    line = LineRecord(
        line_no=1, text="Dear zebra", confidence=0.9, polygon=((50, 50), (300, 50), (300, 80), (50, 80))
    )
    values = {"sha256": sha256, "lines": (line,), "width": 1000, "height": 1400}
    records = [page(number, "a", **values) for number in range(1, pages + 1)]

    def work(connection: Connection) -> int:
        known = Content(sha256=sha256, bytes=len(content), mime=about["mime"], kind=about["kind"], path="/x")
        registered = claim(connection, known, Claimant("run-1", 0, False, 1.0), NOW)
        note_location(
            connection,
            MediaRef(uri=uri, source="file:///in", bytes=len(content), modified_ns=7),
            media_id=registered.media_id,
            archive_id=about["archive_id"],
            refused=False,
            now=NOW,
        )
        result = MediumResult(uri, sha256, pages, records, [])
        load_medium(connection, result, ingest_run_id=ingest_run_id, batch_no=0, now=NOW)
        return int(registered.media_id)

    return in_transaction(warehouse, work)


def has_text(path: Path) -> bool:
    """Whether the text that `load` gives to each page is in a PDF."""
    done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
    return done.stdout.decode().split() == ["Dear", "zebra"]

"""A small ingest through the real stages, in which the OCR runtime is one line per page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from warehouse_records import page

from textmill.access import NoConnections
from textmill.checkpoint import Checkpoint, read_pages
from textmill.errors import Reason
from textmill.page_table import write_pages, write_verdicts
from textmill.records import (
    Content,
    MediumDone,
    MediumOpened,
    Outcome,
    PageRead,
    PageVerdict,
    Rejected,
    Rejection,
    Stage,
)
from textmill.run_wishes import Reread, RunWishes
from textmill.settings import Settings
from textmill.stages.discover import discover
from textmill.stages.fetch import fetch
from textmill.stages.load import load
from textmill.stages.plan import plan
from textmill.stages.report import report
from textmill.staging import BatchArea, Staging, items_to_read
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.runs import note_batch

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@dataclass
class SmallIngest:
    """Runs over a folder. What a file says is what becomes of it; see `write`."""

    warehouse: Engine
    folder: Path
    staging: Staging
    settings: Settings

    @classmethod
    def below(cls, warehouse: Engine, folder: Path) -> SmallIngest:
        """Start with an empty source and an empty staging area."""
        (folder / "in").mkdir()
        settings = Settings(staging_dir=folder / "staging", stable_seconds=0)
        return cls(warehouse, folder / "in", Staging(settings.staging_dir), settings)

    def write(self, name: str, *marks: str) -> Path:
        """Write a file: a page per mark (`good`, `warned`, `bad`, `crashed`), or `broken` as a whole."""
        path = self.folder / name
        path.write_bytes(PDF + f"% {name} {' '.join(marks)}\n".encode())
        return path

    def run(self, run_id: str, *, wishes: RunWishes | None = None, batch_seconds: float = 1000) -> None:
        """Run to the end."""
        for uri in self.start(run_id, wishes=wishes, batch_seconds=batch_seconds):
            self.read(run_id, uri, (wishes or RunWishes()).reread)
            self.finish_batch(run_id, uri)
        report(self.warehouse, self.staging, run_id=run_id)

    def start(
        self, run_id: str, *, wishes: RunWishes | None = None, batch_seconds: float = 1000
    ) -> list[str]:
        """Discover and plan; returns the batches."""
        discover(
            self.warehouse,
            self.staging,
            self.settings,
            run_id=run_id,
            source=str(self.folder),
            schedule="nightly",
            params={"dry_run": bool(wishes and wishes.dry_run)},
            wishes=wishes or RunWishes(),
            connections=NoConnections(),
        )
        return plan(
            self.warehouse,
            self.staging,
            self.settings,
            run_id=run_id,
            batch_seconds=batch_seconds,
            wishes=wishes or RunWishes(),
        )

    def fetch(self, run_id: str, uri: str, reread: Reread = Reread.NOTHING) -> None:
        """Fetch a batch."""
        fetch(
            self.warehouse,
            self.staging,
            self.settings,
            run_id=run_id,
            batch_uri=uri,
            reread=reread,
            connections=NoConnections(),
        )

    def read(self, run_id: str, uri: str, reread: Reread = Reread.NOTHING) -> None:
        """Fetch a batch, and leave behind what reading and judging it would."""
        self.fetch(run_id, uri, reread)
        self.judge(run_id, uri)

    def judge(self, run_id: str, uri: str) -> None:
        """Leave behind what reading and judging a batch would."""
        area = BatchArea.at(uri)
        verdicts: list[PageVerdict] = []
        with Checkpoint(area.checkpoint, "f1") as checkpoint:
            for item, content in items_to_read(area):
                _read(checkpoint, item.ref.uri, content, area.copy_of(content), verdicts)
        write_pages(area.pages, read_pages(area.checkpoint))
        write_verdicts(area.verdicts, verdicts)
        self.note(run_id, uri, state="validated", ocr_started_at=utc_now(), ocr_finished_at=utc_now())

    def finish_batch(self, run_id: str, uri: str) -> None:
        """Load a batch."""
        load(self.warehouse, self.staging, run_id=run_id, batch_uri=uri, settings=self.settings)

    def note(self, run_id: str, uri: str, **values: object) -> None:
        """Set columns of a batch."""
        number = BatchArea.at(uri).batch_no
        in_transaction(self.warehouse, lambda connection: note_batch(connection, run_id, number, **values))


def _read(
    checkpoint: Checkpoint, uri: str, content: Content, copy: Path, verdicts: list[PageVerdict]
) -> None:
    marks = copy.read_bytes().decode().splitlines()[-1].split()[2:]
    sha256 = content.sha256
    if "broken" in marks:
        checkpoint.append(_rejection(uri, sha256, None))
        checkpoint.append(MediumDone(sha256=sha256))
        return
    checkpoint.append(MediumOpened(sha256=sha256, page_count=len(marks)))
    for number, mark in enumerate(marks, start=1):
        if mark == "crashed":
            checkpoint.append(_rejection(uri, sha256, number))
            continue
        text = f"page {number} of {Path(uri).name} {sha256[:4]}"
        checkpoint.append(PageRead(page=page(number).model_copy(update={"sha256": sha256, "text": text})))
        outcome = {"good": Outcome.ACCEPTED, "warned": Outcome.WARNING, "bad": Outcome.QUARANTINED}[mark]
        checks = () if outcome is Outcome.ACCEPTED else ("symbol_soup",)
        verdicts.append(
            PageVerdict(sha256=sha256, page_no=number, outcome=outcome, checks=checks, message="x")
        )
    checkpoint.append(MediumDone(sha256=sha256))


def _rejection(uri: str, sha256: str, page_no: int | None) -> Rejected:
    return Rejected(
        rejection=Rejection(
            uri=uri,
            sha256=sha256,
            page_no=page_no,
            stage=Stage.OCR,
            reason=Reason.DAMAGED_PDF if page_no is None else Reason.ENGINE_FAILED,
            message="It breaks off.",
            permanent=True,
        )
    )


Damage = Callable[[SmallIngest], None]

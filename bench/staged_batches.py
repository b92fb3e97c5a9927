"""Batches in the staging area as OCR and the quality gate would leave them, out of invented pages."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, insert

from textmill.page_table import write_pages, write_verdicts
from textmill.records import (
    BatchItem,
    Content,
    FetchedItem,
    FetchOutcome,
    Kind,
    LineRecord,
    MediaRef,
    MediumDone,
    MediumOpened,
    Outcome,
    PageRead,
    PageRecord,
    PageVerdict,
    Record,
)
from textmill.staging import BatchArea, Staging, write_records

_LINES = 40
_WORDS_PER_LINE = 10
_NOW = datetime(2026, 3, 1, 12)


@dataclass(frozen=True)
class Shape:
    """How many media a batch has, and how many pages each of them."""

    name: str
    media: int
    pages: int

    @property
    def total(self) -> int:
        """All pages."""
        return self.media * self.pages


@dataclass(frozen=True)
class StagedBatch:
    """A batch of a run that is over but for its load.

    Attributes:
        pages: all of them, in order; kept only for batches that are small.
    """

    root: Path
    run_id: str
    pages: list[PageRecord] = field(default_factory=list, repr=False)

    @property
    def staging(self) -> Staging:
        """The staging area."""
        return Staging(self.root)

    @property
    def area(self) -> BatchArea:
        """The batch's folder."""
        return self.staging.run(self.run_id).batch(0)


def sha256_of(name: str) -> str:
    """Return the identity of an invented medium."""
    return hashlib.sha256(name.encode()).hexdigest()


def stage_batch(
    url: URL, root: Path, shape: Shape, *, seed: int, run_id: str = "run", fingerprint: str = "f" * 64
) -> StagedBatch:
    """Write the files of a batch and open the books of its run."""
    media = [sha256_of(f"{run_id} {seed} {number}") for number in range(shape.media)]
    small = shape.total <= 4000
    batch = StagedBatch(root, run_id)
    if small:
        batch.pages.extend(_pages(media, shape, seed, fingerprint))
    area = batch.area
    area.folder.mkdir(parents=True)
    write_records(area.fetched, (_fetched(number, one) for number, one in enumerate(media)), FetchedItem)
    write_pages(area.pages, batch.pages if small else _pages(media, shape, seed, fingerprint))
    verdicts = (
        PageVerdict(sha256=one, page_no=page_no, outcome=Outcome.ACCEPTED)
        for one in media
        for page_no in range(1, shape.pages + 1)
    )
    write_verdicts(area.verdicts, verdicts)
    _write_checkpoint(batch, media, shape, seed, fingerprint)
    _open_books(url, batch, media)
    return batch


def _pages(media: list[str], shape: Shape, seed: int, fingerprint: str) -> Iterator[PageRecord]:
    words = _Words(seed)
    for sha256 in media:
        for page_no in range(1, shape.pages + 1):
            yield words.page(sha256, page_no, fingerprint)


class _Words:
    """Invents pages of about 2.9 KB out of 20,000 words."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        letters = "aaabcdeeeefghiiijklmnooopqrsttuuvwxyz"
        self._words = [
            "".join(self._chance.choices(letters, k=self._chance.randint(2, 11))) for _ in range(20_000)
        ]

    def page(self, sha256: str, page_no: int, fingerprint: str) -> PageRecord:
        """Return a page."""
        lines = tuple(self._line(line_no) for line_no in range(1, _LINES + 1))
        return PageRecord(
            sha256=sha256,
            page_no=page_no,
            text="\n".join(line.text for line in lines),
            confidence=0.93,
            confidence_low=0.81,
            low_line_share=0.0,
            width=1700,
            height=2200,
            dpi=200,
            rotation=0,
            ink=0.07,
            text_source="ocr",
            engine="paddle",
            model="PP-OCRv6",
            fingerprint=fingerprint,
            milliseconds=800,
            lines=lines,
        )

    def _line(self, line_no: int) -> LineRecord:
        left, top = round(self._chance.uniform(100, 150), 1), round(line_no * 50 + self._chance.random(), 1)
        right, bottom = left + 1400, top + 40
        return LineRecord(
            line_no=line_no,
            text=" ".join(self._chance.choices(self._words, k=_WORDS_PER_LINE)),
            confidence=round(self._chance.uniform(0.78, 1), 4),
            polygon=((left, top), (right, top), (right, bottom), (left, bottom)),
        )


def _fetched(number: int, sha256: str) -> FetchedItem:
    ref = MediaRef(uri=f"file:///in/{sha256}.pdf", source="file:///in", bytes=1000, modified_ns=1)
    return FetchedItem(
        item=BatchItem(item_no=number, ref=ref, estimated_pages=1, estimated_seconds=1),
        outcome=FetchOutcome.READ,
        content=Content(
            sha256=sha256, bytes=1000, mime="application/pdf", kind=Kind.PDF, path=f"/content/{sha256}"
        ),
    )


def _write_checkpoint(
    batch: StagedBatch, media: list[str], shape: Shape, seed: int, fingerprint: str
) -> None:
    pages = iter(batch.pages or _pages(media, shape, seed, fingerprint))
    with batch.area.checkpoint.open("w", encoding="utf-8") as out:
        out.write('{"schema_version":1,"fingerprint":"f"}\n')
        for sha256 in media:
            events: list[Record] = [MediumOpened(sha256=sha256, page_count=shape.pages)]
            for event in events:
                out.write(event.model_dump_json() + "\n")
            for _ in range(shape.pages):
                out.write(PageRead(page=next(pages)).model_dump_json() + "\n")
            out.write(MediumDone(sha256=sha256).model_dump_json() + "\n")


def _open_books(url: URL, batch: StagedBatch, media: list[str]) -> None:
    from textmill.warehouse import tables
    from textmill.warehouse.connection import warehouse_engine
    from textmill.warehouse.runs import plan_run, start_run

    with warehouse_engine(url) as engine, engine.begin() as connection:
        start_run(connection, batch.run_id, "file:///in", {}, _NOW)
        plan_run(connection, batch.run_id, [(len(media), 1.0)])
        connection.execute(
            insert(tables.media).prefix_with("IGNORE"),
            [
                {
                    "sha256": sha256,
                    "bytes": 1000,
                    "mime": "application/pdf",
                    "kind": "pdf",
                    "status": "claimed",
                    "needs_retry": False,
                    "first_seen": _NOW,
                }
                for sha256 in media
            ],
        )

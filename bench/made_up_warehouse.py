"""Rows of a warehouse as a year of nightly runs would have left them, made up; the same seed makes the same.

Media come in the order in which they were loaded. Their batches and runs are counted on the way.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.made_up_books import BATCHES_PER_DAY, DAYS, SOURCES, Batch, Chunk, add_books, hash_of, root_of
from bench.made_up_text import TextMaker
from textmill.quality.checks import Check
from textmill.records import Kind


@dataclass
class _Medium:
    id: int
    kind: Kind
    pages: int
    source: str
    uri: str
    sha256: str
    archive_id: int | None = None
    engine: str = "paddle"


class MadeUpWarehouse:
    """Makes rows until there are `pages` pages.

    Args:
        line_share: of how many of the pages there are lines, too; those of videos always have them.
    """

    def __init__(self, pages: int, *, seed: int = 1, line_share: float = 0.03) -> None:
        self._pages = pages
        self._line_share = line_share
        self._chance = random.Random(seed)
        self._text = TextMaker(seed)
        self._page_id = 0
        self._media_id = 0
        self._location_id = 0
        self._archives: list[int] = []
        self._batches = [Batch(number) for number in range(DAYS * BATCHES_PER_DAY)]

    def chunks(self, media: int) -> Iterator[Chunk]:
        """Yield rows of so many media at a time, then those of batches, runs and sources."""
        while self._page_id < self._pages:
            chunk = Chunk()
            for _ in range(media):
                if self._page_id < self._pages:
                    self._add_medium(chunk)
            yield chunk
        books = Chunk()
        add_books(books, self._batches, self._media_id, seed=1)
        yield books

    def _batch(self) -> Batch:
        """The batch of the next page."""
        return self._batches[min(self._page_id * len(self._batches) // self._pages, len(self._batches) - 1)]

    def _add_medium(self, chunk: Chunk) -> None:
        medium, batch, chance = self._medium(), self._batch(), self._chance
        refused = [no for no in range(1, medium.pages + 1) if chance.random() < 0.01]
        status = "loaded"
        if refused:
            status = "partial" if len(refused) < medium.pages else "quarantined"
        duration = medium.pages * 4000 if medium.kind is Kind.VIDEO else None
        batch.media += 1
        moment = batch.moment
        main = self._add_locations(chunk, medium, moment)
        chunk.add(
            "media",
            medium.id,
            medium.sha256,
            chance.randint(10_000, 5_000_000),
            _MIME[medium.kind],
            medium.kind.value,
            medium.pages,
            duration,
            status,
            0,
            main,
            moment,
            moment,
        )
        for page_no in range(1, medium.pages + 1):
            if page_no in refused:
                self._add_entry(chunk, medium, page_no, batch)
            else:
                self._add_page(chunk, medium, page_no, batch)
        if chance.random() < 0.01:
            self._add_entry(chunk, self._refused_medium(medium), None, batch)

    def _medium(self) -> _Medium:
        chance = self._chance
        self._media_id += 1
        kind = chance.choices(
            (Kind.IMAGE, Kind.PDF, Kind.TEXT, Kind.VIDEO, Kind.ARCHIVE), (55, 38, 4.5, 0.5, 2)
        )[0]
        pages = 0
        if kind is Kind.IMAGE or kind is Kind.TEXT:
            pages = 1
        elif kind is Kind.PDF:
            pages = 1 + min(int(chance.expovariate(1 / 10.5)), 200)
        elif kind is Kind.VIDEO:
            pages = chance.randint(5, 60)
        source = SOURCES[self._media_id * 7 % len(SOURCES)]
        folder = f"{root_of(source)}/{self._media_id // 500:04d}"
        uri = f"{folder}/{source}-{self._media_id:07d}{_ENDING[kind]}"
        sha256 = hashlib.sha256(str(self._media_id).encode()).hexdigest()
        medium = _Medium(self._media_id, kind, pages, source, uri, sha256)
        if kind is Kind.ARCHIVE:
            self._archives.append(medium.id)
        elif self._archives and chance.random() < 0.1:
            medium.archive_id = self._archives[-1]
            medium.uri = f"{folder}/box-{medium.archive_id:07d}.zip!{self._media_id}{_ENDING[kind]}"
        if kind is Kind.TEXT:
            medium.engine = "text"
        elif self._media_id % 12 == 0:
            medium.engine = "tesseract"
        return medium

    def _refused_medium(self, medium: _Medium) -> _Medium:
        """A file beside a medium that was refused unopened."""
        uri = f"{medium.uri}.part"
        return _Medium(0, Kind.OTHER, 0, medium.source, uri, hashlib.sha256(uri.encode()).hexdigest())

    def _add_locations(self, chunk: Chunk, medium: _Medium, moment: datetime) -> int:
        """Add one location or two, some of them deleted; returns the key of that by which it is called."""
        chance = self._chance
        gone = moment + timedelta(days=3) if chance.random() < 0.05 else None
        copies = 2 if chance.random() < 0.08 else 1
        keys = []
        for copy in range(copies):
            self._location_id += 1
            keys.append(self._location_id)
            uri = medium.uri if copy == 0 else f"file:///in/copies/{medium.id}{_ENDING[medium.kind]}"
            deleted = gone if copy == 0 else None
            change = "deleted" if deleted else ("copied" if copy else "new")
            chunk.add(
                "media_location",
                self._location_id,
                hash_of(uri),
                uri,
                medium.id,
                medium.archive_id,
                medium.source,
                hash_of(medium.source),
                chance.randint(10_000, 5_000_000),
                int(moment.timestamp()) * 10**9,
                json.dumps([medium.source]),
                0,
                0,
                change,
                deleted or moment,
                deleted,
                moment,
                moment,
            )
        return keys[-1] if gone else keys[0]

    def _add_page(self, chunk: Chunk, medium: _Medium, page_no: int, batch: Batch) -> None:
        chance = self._chance
        self._page_id += 1
        text = self._text.page()
        mean = None if medium.kind is Kind.TEXT else chance.betavariate(18, 2)
        low = None if mean is None else mean * chance.uniform(0.6, 1)
        warned = mean is not None and (mean < 0.76 or chance.random() < 0.01)
        is_video = medium.kind is Kind.VIDEO
        start = (page_no - 1) * 4000 if is_video else None
        chunk.add(
            "page",
            self._page_id,
            medium.id,
            page_no,
            text,
            mean,
            low,
            None if low is None else 1 - low,
            1654,
            2339,
            200,
            0,
            0.07,
            "deskew 0.4; contrast",
            "text_file" if mean is None else "ocr",
            medium.engine,
            "PP-OCRv6",
            f"{medium.engine}-1",
            chance.randint(200, 2500),
            start,
            start and start + 3500,
            batch.run,
            batch.batch_no,
            batch.moment,
            "warning" if warned else "accepted",
            _WARNING if warned else "",
        )
        batch.pages += 1
        batch.warned += warned
        batch.confidence += 1.0 if mean is None else mean
        if is_video or chance.random() < self._line_share:
            self._add_lines(chunk, text, mean or 1.0, start)

    def _add_lines(self, chunk: Chunk, text: str, mean: float, start: int | None) -> None:
        end = None if start is None else start + 3500
        for line_no, line in enumerate(text.split("\n"), 1):
            top = 60 * line_no
            polygon = [[100, top], [1500, top], [1500, top + 40], [100, top + 40]]
            confidence = min(1.0, mean * self._chance.uniform(0.9, 1.1))
            chunk.add("line", self._page_id, line_no, line, confidence, json.dumps(polygon), start, end)

    def _add_entry(self, chunk: Chunk, medium: _Medium, page_no: int | None, batch: Batch) -> None:
        chance = self._chance
        batch.quarantined += page_no is not None
        status = chance.choices(("open", "resolved", "ignored", "gone"), (50, 35, 10, 5))[0]
        reason = chance.choice(
            tuple(Check) if page_no else ("empty_file", "damaged_pdf", "unrecognised_content")
        )
        stage = "validate" if page_no else "fetch"
        moment = batch.moment
        message = f"{medium.uri.rpartition('/')[2]} cannot be accepted: {reason}."
        chunk.add(
            "quarantine",
            hash_of(f"{medium.sha256}\n{page_no or 0}"),
            medium.sha256 if page_no else None,
            hash_of(medium.uri),
            medium.uri,
            page_no,
            stage,
            str(reason),
            message,
            "",
            1,
            1,
            status,
            moment,
            moment,
            batch.run,
            batch.batch_no,
            None if status == "open" else moment + timedelta(days=2),
        )


_MIME = {
    Kind.IMAGE: "image/png",
    Kind.PDF: "application/pdf",
    Kind.TEXT: "text/plain",
    Kind.VIDEO: "video/mp4",
    Kind.ARCHIVE: "application/zip",
}
_ENDING = {Kind.IMAGE: ".png", Kind.PDF: ".pdf", Kind.TEXT: ".txt", Kind.VIDEO: ".mp4", Kind.ARCHIVE: ".zip"}
_FILE_REASONS = ("empty_file", "damaged_pdf", "unrecognised_content")
_WARNING = Check.LOW_CONFIDENCE.value

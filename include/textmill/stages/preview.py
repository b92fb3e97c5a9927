"""Preview: close the books of a dry run, and tell what a run like it would ingest."""

from __future__ import annotations

import mimetypes
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine

from textmill.errors import BatchFailed
from textmill.records import BatchItem, Kind
from textmill.settings import Settings
from textmill.staging import BatchArea, RunArea, Staging, name_of, read_records
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.dry_runs import close_dry_run

_NAMES = 20
_ARCHIVES = ("application/zip", "application/x-tar")


@dataclass(frozen=True)
class Preview:
    """What would be ingested, as far as can be told without opening it. Only types that JSON has.

    Attributes:
        media_by_kind: by the names of the media, as nobody has opened them yet.
        estimated_seconds: OCR time, of all slots together.
        wall_seconds: estimated time from the first page to the last.
        first: names of the first media.
    """

    media: int
    media_by_kind: Mapping[str, int]
    media_by_source: Mapping[str, int]
    pages: int
    batches: int
    estimated_seconds: float
    wall_seconds: float
    first: list[str]

    def in_words(self) -> str:
        """Say it to a person, over several lines."""
        lines = [
            f"{self.media} media with about {self.pages} pages in {self.batches} batches: "
            f"about {timedelta(seconds=round(self.wall_seconds))} of reading.",
            f"By kind: {_counts(self.media_by_kind)}. By source: {_counts(self.media_by_source)}.",
            *self.first,
        ]
        if (more := self.media - len(self.first)) > 0:
            lines.append(f"… and {more} more")
        return "\n".join(lines)


def preview(warehouse: Engine, staging: Staging, settings: Settings, *, run_id: str) -> Preview:
    """Tell what the plan of a dry run holds; memory does not grow with it.

    Raises:
        BatchFailed: there is no plan, as the source could not be read.
    """
    seen = _look_at(staging.run(run_id), settings)
    planned = in_transaction(
        warehouse, lambda connection: close_dry_run(connection, run_id, utc_now(), seen.estimated_seconds)
    )
    if not planned:
        raise BatchFailed("The source was never planned: see the log of the failed task.")
    return seen


def _look_at(run: RunArea, settings: Settings) -> Preview:
    kinds: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    pages, seconds, first = 0, 0.0, list[str]()
    batches = sorted(run.batches.glob("*/items.jsonl"))
    for item in _items(BatchArea(path.parent) for path in batches):
        pages += item.estimated_pages
        seconds += item.estimated_seconds
        if item.part == 0:
            name = item.ref.filename or name_of(item.ref.uri)
            kinds[_kind_by_name(name).value] += 1
            sources[item.ref.source] += 1
            if len(first) < _NAMES:
                first.append(name)
    return Preview(
        media=kinds.total(),
        media_by_kind=dict(kinds.most_common()),
        media_by_source=dict(sources.most_common()),
        pages=pages,
        batches=len(batches),
        estimated_seconds=seconds,
        wall_seconds=seconds / max(1, min(settings.ocr_slots, len(batches))),
        first=first,
    )


def _items(areas: Iterator[BatchArea]) -> Iterator[BatchItem]:
    for area in areas:
        yield from read_records(area.items, BatchItem)


def _kind_by_name(name: str) -> Kind:
    """What a medium is likely to be; reading it goes by content alone."""
    mime, packed = mimetypes.guess_type(name)
    if packed or mime in _ARCHIVES:
        return Kind.ARCHIVE
    if mime == "application/pdf":
        return Kind.PDF
    family = (mime or "").partition("/")[0]
    return Kind(family) if family in (Kind.IMAGE, Kind.VIDEO, Kind.TEXT) else Kind.OTHER


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.items()) or "none"

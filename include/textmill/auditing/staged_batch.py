"""What the staging files of one batch say, with a few bytes per page in memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from textmill.page_table import read_verdicts
from textmill.records import (
    BatchItem,
    CheckpointEvent,
    FetchedItem,
    FetchOutcome,
    Kind,
    PageRead,
    Rejected,
    Rejection,
)
from textmill.staging import BatchArea, read_records

PageKey = tuple[str, int]

_EVENT: TypeAdapter[CheckpointEvent] = TypeAdapter(CheckpointEvent)
_PAGE = re.compile(rb'\{"type":"page","page":\{"sha256":"([0-9a-f]{64})","page_no":([0-9]+),')
"""How the line of a page begins: checking all of each would take longer than everything else."""


def files_read(area: BatchArea) -> tuple[Path, ...]:
    """Return the files of a batch that `StagedBatch.read` opens."""
    return area.items, area.fetched, area.checkpoint, area.verdicts


@dataclass
class StagedBatch:
    """The files of one batch that is loaded.

    Attributes:
        planned: its items, and how often fetching says what became of each, by number.
        fetched: what became of its items, and of members of archives.
        pages: pages in the checkpoint.
        refused: what was refused while it was read.
        verdicts: whether each page was accepted.
    """

    area: BatchArea
    planned: Counter[int] = field(default_factory=Counter)
    fetched: list[FetchedItem] = field(default_factory=list)
    pages: set[PageKey] = field(default_factory=set)
    refused: list[Rejection] = field(default_factory=list)
    verdicts: dict[PageKey, bool] = field(default_factory=dict)

    @classmethod
    def read(cls, area: BatchArea) -> StagedBatch:
        """Read the files. Raises StagingError or OSError where one is missing or damaged."""
        batch = cls(area)
        batch.planned.update({item.item_no: 0 for item in read_records(area.items, BatchItem)})
        batch.fetched = list(read_records(area.fetched, FetchedItem))
        for one in batch.fetched:
            batch.planned[one.item.item_no] += 1
        # Members of archives are numbered behind the items of the plan.
        batch.planned.update(dict.fromkeys(range(max(batch.planned, default=-1)), 0))
        if area.checkpoint.exists():
            for event in _events(area.checkpoint):
                if isinstance(event, Rejection):
                    batch.refused.append(event)
                else:
                    batch.pages.add(event)
        if batch.pages or area.verdicts.exists():
            batch.verdicts = {(one.sha256, one.page_no): one.accepted for one in read_verdicts(area.verdicts)}
        return batch

    def read_whole(self) -> set[str]:
        """Return the contents that this batch alone read."""
        return {
            one.content.sha256
            for one in self.fetched
            if one.outcome is FetchOutcome.READ and one.content is not None and one.item.parts == 1
        }

    def read_here(self) -> set[str]:
        """Return the contents of which the page numbers here are those of the warehouse.

        Pages of a video that is read in parts are numbered when it is put together.
        """
        return {
            one.content.sha256
            for one in self.fetched
            if one.outcome is FetchOutcome.READ
            and one.content is not None
            and (one.item.parts == 1 or one.content.kind is not Kind.VIDEO)
        }

    def counts(self) -> tuple[int, int]:
        """Return how many pages of media that were read whole were accepted, and how many refused."""
        whole = self.read_whole()
        accepted = sum(good for (sha256, _), good in self.verdicts.items() if sha256 in whole)
        refused = sum(not good for (sha256, _), good in self.verdicts.items() if sha256 in whole)
        refused += sum(one.page_no is not None and one.sha256 in whole for one in self.refused)
        return accepted, refused


def _events(path: Path) -> Iterator[PageKey | Rejection]:
    with path.open("rb") as lines:
        next(lines, None)
        for line in lines:
            if not line.endswith(b"\n"):
                return
            if found := _PAGE.match(line):
                yield found[1].decode(), int(found[2])
            elif b'"type":"page"' in line[:40] or b'"type":"rejected"' in line[:40]:
                event = _EVENT.validate_json(line)
                if isinstance(event, PageRead):
                    yield event.page.sha256, event.page.page_no
                elif isinstance(event, Rejected):
                    yield event.rejection


def address_sum(path: Path, *, items: bool) -> tuple[int, int]:
    """Return how many references a file has, and the sum of hashes of their addresses.

    Two files with the same references in another order have the same sum, and a million need no memory.

    Args:
        items: they are those of batch items, of which only the first part of a medium counts.
    """
    from textmill.records import MediaRef
    from textmill.warehouse.addresses import uri_digest

    count = total = 0
    with suppress(FileNotFoundError):
        uris = (
            (one.ref.uri for one in read_records(path, BatchItem) if one.part == 0)
            if items
            else (one.uri for one in read_records(path, MediaRef))
        )
        for uri in uris:
            count += 1
            total += int.from_bytes(uri_digest(uri))
    return count, total % 2**128

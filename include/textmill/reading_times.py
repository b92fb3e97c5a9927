"""What a batch measured: how long its pages took, by kind of medium."""

from __future__ import annotations

from textmill.pace import Work
from textmill.page_table import read_times
from textmill.records import Kind
from textmill.staging import BatchArea, items_to_read


def works_of(area: BatchArea) -> dict[Kind, Work]:
    """Return what was read in a batch. Media without a page that was read count with their size only.

    Refused pages have no time, so a page that hung does not slow down what is expected of the others.
    """
    kinds: dict[str, Kind] = {}
    works: dict[Kind, Work] = {}
    for item, content in items_to_read(area):
        kinds[content.sha256] = content.kind
        works[content.kind] = works.get(content.kind, Work()) + Work(bytes=content.bytes / item.parts)
    if kinds:
        for sha256, milliseconds in read_times(area.pages):
            kind = kinds.get(sha256)
            if kind is not None:
                works[kind] += Work(pages=1, seconds=milliseconds / 1000)
    return works

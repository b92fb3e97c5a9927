"""What the OCR runtime says while it works: one JSON object per line on its standard output."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from textmill.records import Record


class WorkerReady(Record):
    """The engine is loaded; `pages_resumed` pages were already in the checkpoint.

    Attributes:
        device: on what kind of device, by the name that the books have for it.
        notes: what was chosen for this machine (engine, device, models), and why, in sentences.
        warnings: what was asked for and cannot be had here, in sentences.
    """

    event: Literal["ready"] = "ready"
    engine: str
    device: str
    fingerprint: str
    pages_resumed: int
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class WorkerUnable(Record):
    """The batch cannot be read as asked, and another attempt would end alike; the process ends."""

    event: Literal["unable"] = "unable"
    message: str


class ItemOpened(Record):
    """A medium was opened; it has this many pages, None while nobody can know."""

    event: Literal["item_opened"] = "item_opened"
    item_no: int
    uri: str
    page_count: int | None
    pages_resumed: int


class PageDone(Record):
    """A page is in the checkpoint."""

    event: Literal["page_done"] = "page_done"
    uri: str
    page_no: int
    page_count: int | None
    characters: int
    confidence: float | None
    milliseconds: int


class StillReading(Record):
    """A video is being read; said now and then while no page comes of it, so that nobody thinks it hung."""

    event: Literal["still_reading"] = "still_reading"
    uri: str
    at_ms: int
    duration_ms: int | None


class ItemDone(Record):
    """All pages of a medium are in the checkpoint."""

    event: Literal["item_done"] = "item_done"
    item_no: int
    uri: str
    page_count: int


class ItemFailed(Record):
    """A medium, or a page of it, was refused; the checkpoint holds the rejection."""

    event: Literal["item_failed"] = "item_failed"
    uri: str
    page_no: int | None
    reason: str
    message: str


class WorkerDrained(Record):
    """The process was told to stop and does so; what it read is in the checkpoint, another one goes on."""

    event: Literal["drained"] = "drained"
    pages_read: int
    pages_rejected: int
    media_rejected: int


class WorkerFinished(Record):
    """The batch is read. Without this event, or that of being drained, the process did not get through."""

    event: Literal["finished"] = "finished"
    pages_read: int
    pages_rejected: int
    media_rejected: int
    peak_memory_mb: int


WorkerEvent = Annotated[
    WorkerReady
    | WorkerUnable
    | ItemOpened
    | PageDone
    | StillReading
    | ItemDone
    | ItemFailed
    | WorkerDrained
    | WorkerFinished,
    Field(discriminator="event"),
]

EVENTS: TypeAdapter[WorkerEvent] = TypeAdapter(WorkerEvent)

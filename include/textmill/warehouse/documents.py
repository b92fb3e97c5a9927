"""The document of a medium: its whole text, and how far to trust it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from textmill.confidence import LOW_CONFIDENCE, LineConfidence, low_line_share, low_quantile, low_rank
from textmill.staged_pages import LINE_FIELDS, StagedPage
from textmill.warehouse.document_text import DocumentText, bytes_at_once
from textmill.warehouse.tables import document, line, page

_LINE_CONFIDENCE = LINE_FIELDS.index("confidence")


class FreshDocument:
    """The document of a medium of which the warehouse had no page, summed up while its pages pass by.

    It spares asking the server for what was just sent there.

    Args:
        name: what to call the medium in a message.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self._text = DocumentText(connection, name)
        self._pages = 0
        self._confidences = array("d")
        self._lines = array("d")

    def add(self, pages: Iterable[StagedPage]) -> None:
        """Take pages in, in order. Raises PacketTooSmall, see `DocumentText.add`."""
        for one in pages:
            self._text.add(one.text)
            self._pages += 1
            if one.values["confidence"] is not None:
                self._confidences.append(one.values["confidence"])
            self._lines.extend(values[_LINE_CONFIDENCE] for values in one.lines)

    def write(self, media_id: int) -> None:
        """Write the document."""
        lines = [LineConfidence(confidence, 0) for confidence in self._lines]
        self._text.write(
            media_id,
            confidence=_mean(self._confidences),
            confidence_low=low_quantile(lines),
            low_line_share=low_line_share(lines),
            pages=self._pages,
        )


def rebuild_document(connection: Connection, media_id: int, name: str) -> None:
    """Put a document together from the pages and lines that the warehouse has; without pages there is none.

    Its text passes through here in pieces; the server sorts the confidences.

    Args:
        name: what to call the medium in a message.

    Raises:
        PacketTooSmall: the server holds no text as long as this one.
    """
    pages = connection.execute(
        select(page.c.page_no, page.c.confidence, func.length(page.c.text).label("bytes"))
        .where(page.c.media_id == media_id)
        .order_by(page.c.page_no)
    ).all()
    if not pages:  # a video in which nothing is seen any more, now that it is looked at less often
        connection.execute(delete(document).where(document.c.media_id == media_id))
        return
    whole = DocumentText(connection, name)
    for numbers in _ranges(pages, bytes_at_once(connection)):
        for one in _texts(connection, media_id, numbers):
            whole.add(one)
    confidences = [row.confidence for row in pages if row.confidence is not None]
    whole.write(media_id, confidence=_mean(confidences), pages=len(pages), **_trust(connection, media_id))


def _ranges(pages: Sequence[Row[*tuple[Any, ...]]], most: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last page of each piece."""
    first, size = 0, 0
    for place, row in enumerate(pages):
        if size and size + row.bytes > most:
            yield pages[first].page_no, pages[place - 1].page_no
            first, size = place, 0
        size += row.bytes
    if pages:
        yield pages[first].page_no, pages[-1].page_no


def _texts(connection: Connection, media_id: int, numbers: tuple[int, int]) -> Sequence[str]:
    return (
        connection.execute(
            select(page.c.text)
            .where(page.c.media_id == media_id, page.c.page_no.between(*numbers))
            .order_by(page.c.page_no)
        )
        .scalars()
        .all()
    )


def _trust(connection: Connection, media_id: int) -> dict[str, float | None]:
    """Return the figures of `textmill.confidence` over all lines of a medium, which the server sorts."""
    lines = (
        select(line.c.confidence).join(page, page.c.id == line.c.page_id).where(page.c.media_id == media_id)
    )
    counts = connection.execute(
        lines.with_only_columns(
            func.count().label("all"),
            func.sum(func.if_(line.c.confidence < LOW_CONFIDENCE, 1, 0)).label("low"),
        )
    ).one()
    if not counts.all:
        return {"confidence_low": None, "low_line_share": None}
    low = connection.execute(
        lines.order_by(line.c.confidence).limit(1).offset(low_rank(counts.all) - 1)
    ).scalar_one()
    return {"confidence_low": low, "low_line_share": float(counts.low) / counts.all}


def _mean(confidences: Sequence[float]) -> float | None:
    return sum(confidences) / len(confidences) if confidences else None

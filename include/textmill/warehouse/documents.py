"""The whole text of a medium and how far to trust it, in a bounded share of memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, literal_column, select, text
from sqlalchemy.dialects.mysql import insert

from textmill.confidence import LOW_CONFIDENCE, LineConfidence, low_line_share, low_quantile, low_rank
from textmill.staged_pages import LINE_FIELDS, StagedPage
from textmill.warehouse.connection import longest_statement
from textmill.warehouse.multi_row import MultiRowInsert
from textmill.warehouse.packets import expect_size
from textmill.warehouse.tables import document, line, page

_BETWEEN_PAGES = "\f"

_BYTES_AT_ONCE = 4 * 1024 * 1024
"""Of a document's text in one statement; a single page may have more."""

_BYTES_OF_A_CHARACTER = 4
"""At most, in UTF-8."""

_LINE_CONFIDENCE = LINE_FIELDS.index("confidence")


_FIGURES = ("confidence", "confidence_low", "low_line_share", "pages")
_UPSERT = MultiRowInsert(document, ("media_id", "text", *_FIGURES), ("text", *_FIGURES))


class FreshDocument:
    """The document of a medium of which the warehouse had no page, summed up while its pages pass by.

    It spares asking the server for what was just sent there. Of a long document it keeps nothing.
    """

    def __init__(self, connection: Connection) -> None:
        self._most = _bytes_at_once(connection) // _BYTES_OF_A_CHARACTER
        self._texts: list[str] = []
        self._characters = 0
        self._confidences: list[float] = []
        self._lines = array("d")

    def add(self, pages: Iterable[StagedPage]) -> None:
        """Take pages in, in order."""
        for one in pages:
            self._characters += len(one.text)
            if self.is_too_long:
                self._texts.clear()
                return
            self._texts.append(one.text)
            if one.values["confidence"] is not None:
                self._confidences.append(one.values["confidence"])
            self._lines.extend(values[_LINE_CONFIDENCE] for values in one.lines)

    @property
    def is_too_long(self) -> bool:
        """Whether it has to be put together by `rebuild_document`."""
        return self._characters > self._most

    def write(self, connection: Connection, media_id: int) -> None:
        """Write the document."""
        lines = [LineConfidence(confidence, 0) for confidence in self._lines]
        row = (
            media_id,
            _BETWEEN_PAGES.join(self._texts),
            _mean(self._confidences),
            low_quantile(lines),
            low_line_share(lines),
            len(self._texts),
        )
        _UPSERT.execute(connection, [row])


def rebuild_document(connection: Connection, media_id: int, name: str) -> None:
    """Put a document together from the pages and lines that the warehouse has.

    Its text is sent back in pieces that the server joins in a variable of the session, unless one is enough.

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
    expect_size(connection, sum(row.bytes + len(_BETWEEN_PAGES) for row in pages), name)
    values = {
        "confidence": _mean([row.confidence for row in pages if row.confidence is not None]),
        "pages": len(pages),
    } | _trust(connection, media_id)
    ranges = list(_ranges(pages, _bytes_at_once(connection)))
    if len(ranges) <= 1:
        whole = _BETWEEN_PAGES.join(_texts(connection, media_id, ranges[0])) if ranges else ""
        _upsert(connection, media_id, whole, values)
        return
    connection.execute(_BEGIN)
    for place, numbers in enumerate(ranges):
        texts = (
            ["", *_texts(connection, media_id, numbers)] if place else _texts(connection, media_id, numbers)
        )
        connection.execute(_APPEND, {"piece": _BETWEEN_PAGES.join(texts)})
    _upsert(connection, media_id, literal_column("@textmill_document"), values)
    connection.execute(_FORGET)


_BEGIN = text("SET @textmill_document = ''")
_APPEND = text("SET @textmill_document = CONCAT(@textmill_document, :piece)")
_FORGET = text("SET @textmill_document = NULL")


def _bytes_at_once(connection: Connection) -> int:
    # Each byte may take two in a statement.
    return min(_BYTES_AT_ONCE, longest_statement(connection) // 4)


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


def _upsert(connection: Connection, media_id: int, whole: Any, values: dict[str, Any]) -> None:
    values = {"text": whole} | values
    entry = insert(document).values(media_id=media_id, **values)
    connection.execute(entry.on_duplicate_key_update({name: entry.inserted[name] for name in values}))

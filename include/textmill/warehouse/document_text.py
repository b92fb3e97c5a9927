"""A document's text on its way to the server, in a bounded share of memory."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from textmill.warehouse.connection import longest_statement
from textmill.warehouse.multi_row import MultiRowInsert
from textmill.warehouse.packets import expect_size
from textmill.warehouse.tables import document

BETWEEN_PAGES = "\f"

_BYTES_AT_ONCE = 4 * 1024 * 1024
"""In one statement; a single page may have more."""

_FIGURES = ("confidence", "confidence_low", "low_line_share", "pages")
_UPSERT = MultiRowInsert(document, ("media_id", "text", *_FIGURES), ("text", *_FIGURES))

_BEGIN = text("SET @textmill_document = :piece")
_APPEND = text("SET @textmill_document = CONCAT(@textmill_document, :piece)")
_STORE = text("UPDATE document SET text = @textmill_document WHERE media_id = :media_id")
_FORGET = text("SET @textmill_document = NULL")


def bytes_at_once(connection: Connection) -> int:
    """Return how many bytes of text are sent at once; each may take two in a statement."""
    return min(_BYTES_AT_ONCE, longest_statement(connection) // 4)


class DocumentText:
    """The texts of the pages of a document, in order.

    When they are too long for one statement, they go to the server in pieces, which it joins in a variable of
    the session: appending to the row would have it write all of the text again for each piece.

    Args:
        name: what to call the medium in a message.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._most = bytes_at_once(connection)
        self._waiting: list[str] = []
        self._bytes_waiting = 0
        self._bytes = 0
        self._is_begun = False

    def add(self, page: str) -> None:
        """Add the text of the next page.

        Raises:
            PacketTooSmall: the server holds no text as long as this one.
        """
        size = len(page.encode()) + len(BETWEEN_PAGES)
        if self._waiting and self._bytes_waiting + size > self._most:
            self._send()
        self._waiting.append(page)
        self._bytes_waiting += size
        self._bytes += size

    def write(self, media_id: int, **figures: Any) -> None:
        """Write the document, with the other columns of its row."""
        values = [figures[name] for name in _FIGURES]
        if not self._is_begun:
            _UPSERT.execute(self._connection, [(media_id, BETWEEN_PAGES.join(self._waiting), *values)])
            return
        self._send()
        _UPSERT.execute(self._connection, [(media_id, "", *values)])
        self._connection.execute(_STORE, {"media_id": media_id})
        self._connection.execute(_FORGET)

    def _send(self) -> None:
        expect_size(self._connection, self._bytes, self._name)
        piece = BETWEEN_PAGES.join(self._waiting)
        if self._is_begun:
            self._connection.execute(_APPEND, {"piece": BETWEEN_PAGES + piece})
        else:
            self._connection.execute(_BEGIN, {"piece": piece})
        self._is_begun = True
        self._waiting.clear()
        self._bytes_waiting = 0

"""What the server takes in one packet (`max_allowed_packet`), and what does not fit.

A statement that is longer makes the server end the connection, which looks as if it had been restarted, and
would be tried again: so it is not sent.
"""

from __future__ import annotations

from sqlalchemy import Connection

from textmill.errors import PacketTooSmall
from textmill.warehouse.connection import longest_statement

_MOST_BYTES = 8
"""Of a character in a statement: four in UTF-8, each escaped at worst."""

_BESIDE_THE_TEXT = 64 * 1024
"""Room for the rest of a row and of its statement."""


def expect_to_fit(connection: Connection, text: str, what: str, *, pieces: str | None = None) -> None:
    """Raise PacketTooSmall when a text is too long for a statement.

    Args:
        what: whose text it is, for the message.
        pieces: of its Chinese, Japanese and Korean, which go along: ASCII, and three times as long.
    """
    beside = _BESIDE_THE_TEXT + len(pieces or "")
    if len(text) * _MOST_BYTES + beside <= longest_statement(connection):
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    expect_size(connection, len(driver.literal(text)) + beside, what)


def expect_size(connection: Connection, size: int, what: str) -> None:
    """Raise PacketTooSmall when a text of so many bytes is longer than a value of the server may be."""
    longest = longest_statement(connection)
    if size > longest:
        raise PacketTooSmall(
            f"The text of {what} takes {size / 2**20:.1f} MiB or more, and the database takes no more than "
            f"{longest / 2**20:.1f} MiB at once: set the server's max_allowed_packet to more."
        )

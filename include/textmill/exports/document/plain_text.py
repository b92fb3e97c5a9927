"""Write the text of a document alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from textmill.records import PageRecord


def write_plain_text(out: BinaryIO, pages: Iterable[PageRecord]) -> None:
    """Write UTF-8; a form feed stands between two pages and a newline at the end."""
    for index, page in enumerate(pages):
        out.write((("\f" if index else "") + page.text).encode())
    out.write(b"\n")

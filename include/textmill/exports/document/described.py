"""What is exported of a document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from textmill.records import Kind
from textmill.staging import name_of


class DocumentFormat(StrEnum):
    """The formats of single documents; the value is the ending of the file, but for ALTO's."""

    PDF = "pdf"
    HOCR = "hocr"
    ALTO = "alto"
    TXT = "txt"

    @property
    def ending(self) -> str:
        """What a file of this format is called by."""
        return {"alto": ".alto.xml", "hocr": ".hocr"}.get(self.value, f".{self.value}")


@dataclass(frozen=True)
class DocumentFacts:
    """A medium with text in the warehouse.

    Attributes:
        uri: an address at which it lies or lay; None when other content lies there now.
        pages: in the warehouse; `page_count` of the whole medium, where that is known.
        loaded_at: when its text was loaded last, in UTC.
    """

    media_id: int
    sha256: str
    uri: str | None
    kind: Kind
    mime: str
    pages: int
    page_count: int | None
    loaded_at: datetime | None

    @property
    def name(self) -> str:
        """What it is called in sentences and in the exported file."""
        return name_of(self.uri) if self.uri else self.sha256

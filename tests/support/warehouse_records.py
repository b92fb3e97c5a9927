"""Records for tests of the warehouse."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from textmill.records import Content, Kind, LineRecord, MediaRef, PageRecord

NOW = datetime(2026, 3, 1, 12)
CORNERS = ((0.0, 0.0), (9.0, 0.0), (9.0, 5.0), (0.0, 5.0))


def ref(name: str = "a.png", **changes: Any) -> MediaRef:
    return MediaRef(
        **{"uri": f"file:///in/{name}", "source": "file:///in", "bytes": 5, "modified_ns": 7} | changes
    )


def content(letter: str = "a") -> Content:
    return Content(sha256=letter * 64, bytes=5, mime="image/png", kind=Kind.IMAGE, path=f"/content/{letter}")


def page(page_no: int = 1, letter: str = "a", **changes: Any) -> PageRecord:
    line = LineRecord(line_no=1, text="Dear Sir", confidence=0.5, polygon=CORNERS)
    values: dict[str, Any] = {
        "sha256": letter * 64,
        "page_no": page_no,
        "text": f"Dear Sir, this is page {page_no} about zebras 🦓",
        "confidence": 0.9,
        "confidence_low": 0.7,
        "width": 100,
        "height": 200,
        "dpi": 200,
        "rotation": 0,
        "ink": 0.1,
        "text_source": "ocr",
        "engine": "paddle",
        "model": "m",
        "fingerprint": "f1",
        "milliseconds": 12,
        "lines": (line,),
    }
    return PageRecord(**values | changes)

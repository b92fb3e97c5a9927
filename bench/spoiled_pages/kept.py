"""Labelled pages in a file: one JSON object a line, gzipped, without what no measure looks at."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bench.spoiled_pages.specimens import LabelledPage
from textmill.quality.measuring.outlines import extent_of
from textmill.records import LineRecord, PageRecord

FOLDER = Path(".textmill/spoiled_pages")
"""Where pages lie that were read: not in the repository, for the receipts are not ours."""
FIXTURE = Path(__file__).resolve().parents[2] / "tests/support/labelled_pages.jsonl.gz"
"""Those pages of the set that were drawn or written for it."""

_NOT_LOOKED_AT: dict[str, Any] = {
    "confidence_low": None,
    "low_line_share": None,
    "dpi": None,
    "rotation": 0,
    "engine": "",
    "model": "",
    "fingerprint": "",
    "milliseconds": 0,
}


def write(path: Path, pages: Iterable[LabelledPage]) -> int:
    """Write pages; returns how many. The same pages give the same bytes."""
    count = 0
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
        for page in pages:
            file.write(json.dumps(_packed(page), ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            count += 1
    return count


def read(path: Path) -> Iterator[LabelledPage]:
    """Stream the pages of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield _unpacked(json.loads(line))


def _packed(label: LabelledPage) -> dict[str, Any]:
    packed = label.model_dump(exclude={"page"}, exclude_defaults=True)
    page = label.page.model_dump(exclude={*_NOT_LOOKED_AT, "lines"}, exclude_defaults=True)
    if page["text"] == _joined(label.page.lines):
        del page["text"]
    return {**packed, "page": page, "lines": [_packed_line(line) for line in label.page.lines]}


def _packed_line(line: LineRecord) -> list[Any]:
    extent = extent_of(line)
    return [line.text, round(line.confidence, 3), *(round(side) for side in extent or ())]


def _unpacked(packed: dict[str, Any]) -> LabelledPage:
    lines = tuple(_line(number, *line) for number, line in enumerate(packed.pop("lines"), start=1))
    page = {**_NOT_LOOKED_AT, "text": _joined(lines), **packed.pop("page"), "lines": lines}
    return LabelledPage(page=PageRecord(**page), **packed)


def _line(number: int, text: str, confidence: float, *sides: int) -> LineRecord:
    polygon: tuple[tuple[float, float], ...] = ()
    if sides:
        left, top, right, bottom = sides
        polygon = ((left, top), (right, top), (right, bottom), (left, bottom))
    return LineRecord(line_no=number, text=text, confidence=confidence, polygon=polygon)


def _joined(lines: Iterable[LineRecord]) -> str:
    return "\n".join(line.text for line in lines)

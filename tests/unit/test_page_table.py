"""Pages and verdicts survive the way through Parquet."""

from __future__ import annotations

from pathlib import Path

from textmill.page_table import (
    pages_by_medium,
    read_pages,
    read_verdicts,
    staged_pages,
    write_pages,
    write_verdicts,
)
from textmill.records import LineRecord, OtherReading, Outcome, PageRecord, PageVerdict

LINE = LineRecord(
    line_no=1, text="Grüße 你好", confidence=0.5, polygon=((0.0, 1.0), (5.0, 1.0), (5.0, 3.0), (0.0, 3.0))
)
PAGE = PageRecord(
    sha256="b" * 64,
    page_no=1,
    text="Grüße 你好",
    confidence=0.5,
    confidence_low=0.5,
    width=10,
    height=20,
    dpi=None,
    rotation=90,
    ink=0.01,
    text_source="ocr",
    engine="paddle",
    model="m",
    fingerprint="f",
    milliseconds=7,
    lines=(LINE,),
)


def test_pages(tmp_path: Path) -> None:
    pages = [PAGE.model_copy(update={"page_no": number}) for number in range(1, 201)]
    assert write_pages(tmp_path / "pages.parquet", pages) == 200
    assert list(read_pages(tmp_path / "pages.parquet")) == pages


def test_the_pages_of_each_medium_are_found_without_the_others(tmp_path: Path) -> None:
    counts = {"a": 100, "b": 1, "c": 27, "d": 64, "e": 8}
    pages = [
        PAGE.model_copy(update={"sha256": letter * 64, "page_no": number, "confidence": number / 1000})
        for letter, count in counts.items()
        for number in range(1, count + 1)
    ]
    write_pages(tmp_path / "pages.parquet", [*pages, PAGE.model_copy(update={"sha256": "a" * 64})])
    media = pages_by_medium(tmp_path / "pages.parquet")
    assert media["c" * 64].numbers == list(range(1, 28))
    assert media["c" * 64].confidences[:2] == [0.001, 0.002]
    for letter, count in counts.items():
        mine = [page for page in pages if page.sha256 == letter * 64]
        assert list(media[letter * 64])[:count] == mine
    assert len(list(media["a" * 64])) == 101


def test_staged_pages_say_the_same_as_records(tmp_path: Path) -> None:
    other = OtherReading(engine="tesseract", text="Grusse", confidence=0.25)
    doubtful = LINE.model_copy(update={"line_no": 2, "engine": "paddle", "other": other, "start_ms": 5})
    pages = [
        PAGE.model_copy(update={"page_no": number, "lines": (LINE, doubtful)[: number % 3]})
        for number in range(1, 151)
    ]
    write_pages(tmp_path / "pages.parquet", pages)
    found = list(pages_by_medium(tmp_path / "pages.parquet")["b" * 64].staged())
    assert [one.page_no for one in found] == list(range(1, 151))
    assert found[1].values == PAGE.model_dump(exclude={"lines", "warnings"}) | {"page_no": 2}
    corners = "[[0, 1], [5, 1], [5, 3], [0, 3]]"
    first = (1, "Grüße 你好", 0.5, corners, None, None, None, None, None, None)
    second = (2, "Grüße 你好", 0.5, corners, "paddle", "tesseract", "Grusse", 0.25, 5, None)
    assert [one.lines for one in found] == [[first, second][: number % 3] for number in range(1, 151)]
    assert [one.lines for one in staged_pages(pages)] == [one.lines for one in found]


def test_staged_pages_keep_their_warnings() -> None:
    flagged = PAGE.model_copy(update={"warnings": ("mojibake",)})
    assert [one.warnings for one in staged_pages([PAGE, flagged])] == [(), ("mojibake",)]


def test_an_empty_table(tmp_path: Path) -> None:
    assert write_pages(tmp_path / "pages.parquet", []) == 0
    assert list(read_pages(tmp_path / "pages.parquet")) == []
    assert pages_by_medium(tmp_path / "pages.parquet") == {}


def test_verdicts(tmp_path: Path) -> None:
    verdicts = [
        PageVerdict(sha256="b" * 64, page_no=1, outcome=Outcome.ACCEPTED),
        PageVerdict(sha256="b" * 64, page_no=2, outcome=Outcome.QUARANTINED, checks=("x", "y"), message="m"),
    ]
    write_verdicts(tmp_path / "verdicts.parquet", verdicts)
    assert list(read_verdicts(tmp_path / "verdicts.parquet")) == verdicts

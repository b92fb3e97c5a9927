"""Finished pages and verdicts as Parquet, for the stages that look at columns.

Streams in row groups, so that a batch with a 10,000-page document stays small in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.records import PageRecord, PageVerdict
from textmill.staged_pages import StagedGroup, StagedPage

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_ROWS_PER_GROUP = 64


def staged_pages(pages: Iterable[PageRecord]) -> Iterator[StagedPage]:
    """Yield pages that are in memory as they would lie in a staged table."""
    import pyarrow as pa

    rest = iter(pages)
    while some := list(islice(rest, _ROWS_PER_GROUP)):
        rows = [page.model_dump(exclude={"warnings"}) for page in some]
        group = StagedGroup(pa.Table.from_pylist(rows, schema=_page_schema()))
        for page, staged in zip(some, group.pages(), strict=True):
            yield staged.flagged(page.warnings) if page.warnings else staged


def write_pages(path: Path, pages: Iterable[PageRecord]) -> int:
    """Write pages to a Parquet file, whole or not at all; returns how many there were."""
    return _write(path, (page.model_dump(exclude={"warnings"}) for page in pages), _page_schema())


def read_pages(path: Path) -> Iterator[PageRecord]:
    """Stream the pages of a Parquet file in the order in which they were read."""
    for row in _read(path):
        yield PageRecord.model_validate(row)


class PagesFile:
    """The row groups of a Parquet file of pages. It stays open, and the group read last stays in memory:
    the pages of the next medium mostly lie in the same one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: tuple[int, StagedGroup] | None = None

    def rows(self, start: int, stop: int) -> Iterator[dict[str, Any]]:
        """Stream the rows from `start` to before `stop`; only the row groups that hold them are read."""
        for number, first, last in _groups(start, stop):
            group = self._file.read_row_group(number)
            yield from group.slice(first, last - first).to_pylist()

    def staged(self, start: int, stop: int) -> Iterator[StagedPage]:
        """Stream the same rows as pages that are not checked again."""
        for number, first, last in _groups(start, stop):
            if self._last is None or self._last[0] != number:
                self._last = None  # one of them in memory is enough
                self._last = (number, StagedGroup(self._file.read_row_group(number)))
            yield from self._last[1].pages(first, last)

    @cached_property
    def _file(self) -> pq.ParquetFile:
        import pyarrow.parquet as pq

        return pq.ParquetFile(self._path)


def _groups(start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yield the number of each row group that holds rows from `start` to before `stop`, and which of its."""
    for number in range(start // _ROWS_PER_GROUP, (stop - 1) // _ROWS_PER_GROUP + 1):
        before = number * _ROWS_PER_GROUP
        yield number, max(0, start - before), min(_ROWS_PER_GROUP, stop - before)


@dataclass
class MediumPages:
    """The pages of one medium in a Parquet file; each iteration streams them from there.

    Attributes:
        numbers, confidences: of the pages, in order.
    """

    file: PagesFile
    numbers: list[int] = field(default_factory=list)
    confidences: list[float | None] = field(default_factory=list)
    _spans: list[tuple[int, int]] = field(default_factory=list)

    def __iter__(self) -> Iterator[PageRecord]:
        for start, stop in self._spans:
            for row in self.file.rows(start, stop):
                yield PageRecord.model_validate(row)

    def staged(self) -> Iterator[StagedPage]:
        """Stream the pages as they lie there."""
        for start, stop in self._spans:
            yield from self.file.staged(start, stop)

    def note(self, row_no: int, page_no: int, confidence: float | None) -> None:
        """Take a row of the file in; rows come in order."""
        self.numbers.append(page_no)
        self.confidences.append(confidence)
        if self._spans and self._spans[-1][1] == row_no:
            self._spans[-1] = (self._spans[-1][0], row_no + 1)
        else:
            self._spans.append((row_no, row_no + 1))


def pages_by_medium(path: Path) -> dict[str, MediumPages]:
    """Return the pages in a Parquet file by the SHA-256 of their medium, without reading their texts."""
    media: dict[str, MediumPages] = {}
    file = PagesFile(path)
    for row_no, row in enumerate(_read(path, ["sha256", "page_no", "confidence"])):
        pages = media.setdefault(row["sha256"], MediumPages(file))
        pages.note(row_no, row["page_no"], row["confidence"])
    return media


def read_texts(path: Path) -> Iterator[tuple[str, int, str]]:
    """Stream the medium, the number and the text of each page, without its lines."""
    for row in _read(path, ["sha256", "page_no", "text"]):
        yield row["sha256"], row["page_no"], row["text"]


def read_times(path: Path) -> Iterator[tuple[str, int]]:
    """Stream the medium of each page, and the milliseconds in which it was read, without what it says."""
    for row in _read(path, ["sha256", "milliseconds"]):
        yield row["sha256"], row["milliseconds"]


def write_verdicts(path: Path, verdicts: Iterable[PageVerdict]) -> int:
    """Write verdicts to a Parquet file, whole or not at all; returns how many there were."""
    return _write(path, (verdict.model_dump() for verdict in verdicts), _verdict_schema())


def read_verdicts(path: Path) -> Iterator[PageVerdict]:
    """Stream the verdicts of a Parquet file."""
    for row in _read(path):
        yield PageVerdict.model_validate(row)


def _write(path: Path, rows: Iterator[dict[str, Any]], schema: pa.Schema) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 0
    partial = path.with_name(path.name + ".part")
    with pq.ParquetWriter(partial, schema) as writer:
        while group := list(islice(rows, _ROWS_PER_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            count += len(group)
    partial.replace(path)
    return count


def _read(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for group in file.iter_batches(batch_size=_ROWS_PER_GROUP, columns=columns):
            yield from group.to_pylist()


def _page_schema() -> pa.Schema:
    import pyarrow as pa

    other = pa.struct([("engine", pa.string()), ("text", pa.string()), ("confidence", pa.float64())])
    line = pa.struct(
        [
            ("line_no", pa.int32()),
            ("text", pa.string()),
            ("confidence", pa.float64()),
            ("polygon", pa.list_(pa.list_(pa.float64()))),
            ("engine", pa.string()),
            ("other", other),
            ("start_ms", pa.int64()),
            ("end_ms", pa.int64()),
        ]
    )
    return pa.schema(
        [
            ("sha256", pa.string()),
            ("page_no", pa.int32()),
            ("text", pa.string()),
            ("confidence", pa.float64()),
            ("confidence_low", pa.float64()),
            ("low_line_share", pa.float64()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("dpi", pa.int32()),
            ("rotation", pa.int16()),
            ("ink", pa.float64()),
            ("preprocessing", pa.string()),
            ("text_source", pa.string()),
            ("engine", pa.string()),
            ("model", pa.string()),
            ("fingerprint", pa.string()),
            ("milliseconds", pa.int32()),
            ("start_ms", pa.int64()),
            ("end_ms", pa.int64()),
            ("lines", pa.list_(line)),
        ],
        metadata={"schema_version": "1"},
    )


def _verdict_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("sha256", pa.string()),
            ("page_no", pa.int32()),
            ("outcome", pa.string()),
            ("checks", pa.list_(pa.string())),
            ("message", pa.string()),
        ],
        metadata={"schema_version": "2"},
    )

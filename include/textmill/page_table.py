"""Finished pages and verdicts as Parquet, for the stages that look at columns.

Streams in row groups, so that a batch with a 10,000-page document stays small in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.records import PageRecord, PageVerdict

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_PER_GROUP = 64


def write_pages(path: Path, pages: Iterable[PageRecord]) -> int:
    """Write pages to a Parquet file, whole or not at all; returns how many there were."""
    return _write(path, (page.model_dump() for page in pages), _page_schema())


def read_pages(path: Path, sha256: str | None = None) -> Iterator[PageRecord]:
    """Stream the pages of a Parquet file, or those of one medium, in the order in which they were read."""
    for row in _read(path, sha256):
        yield PageRecord.model_validate(row)


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


def _read(path: Path, sha256: str | None = None) -> Iterator[dict[str, Any]]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for group in file.iter_batches(batch_size=_ROWS_PER_GROUP):
            wanted = group if sha256 is None else group.filter(pc.equal(group.column("sha256"), sha256))
            yield from wanted.to_pylist()


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
            ("accepted", pa.bool_()),
            ("expectations", pa.list_(pa.string())),
            ("message", pa.string()),
        ],
        metadata={"schema_version": "1"},
    )

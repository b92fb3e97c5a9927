"""Write record batches as Parquet files of bounded size, with row groups of bounded size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from textmill.exports.days.destination import Replacement, part_name

ROW_GROUP_BYTES = 32 * 1024**2
"""Held in memory before it is written."""
ROW_GROUP_ROWS = 250_000
FILE_BYTES = 256 * 1024**2
"""A file that has become larger is followed by another one."""


@dataclass(frozen=True)
class Written:
    """What became of some batches."""

    rows: int
    files: int
    bytes: int


class PartitionWriter:
    """Writes the files of one partition.

    Args:
        schema: the `pyarrow.Schema` of all batches.
        digest: goes into the names of the files.
    """

    def __init__(
        self,
        replacement: Replacement,
        schema: Any,
        digest: str,
        *,
        row_group_bytes: int = ROW_GROUP_BYTES,
        file_bytes: int = FILE_BYTES,
    ) -> None:
        self._replacement = replacement
        self._schema = schema
        self._digest = digest
        self._row_group_bytes = row_group_bytes
        self._file_bytes = file_bytes
        self._writer: Any = None
        self._file: Any = None
        self._waiting: list[Any] = []
        self._waiting_bytes = self._waiting_rows = 0
        self._rows = self._files = self._bytes = 0

    def write(self, batches: Iterable[Any]) -> Written:
        """Write all batches; without any there is one file without rows. Called once."""
        for batch in batches:
            self._waiting.append(batch)
            self._waiting_bytes += batch.nbytes
            self._waiting_rows += batch.num_rows
            if self._waiting_bytes >= self._row_group_bytes or self._waiting_rows >= ROW_GROUP_ROWS:
                self._write_row_group()
        if self._waiting or not self._files:
            self._write_row_group()
        self._end_file()
        return Written(self._rows, self._files, self._bytes)

    def _write_row_group(self) -> None:
        import pyarrow as pa

        if self._writer is None:
            self._begin_file()
        self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema))
        self._rows += self._waiting_rows
        self._waiting, self._waiting_bytes, self._waiting_rows = [], 0, 0
        if self._file.tell() >= self._file_bytes:
            self._end_file()

    def _begin_file(self) -> None:
        import pyarrow.parquet as pq

        self._file = self._replacement.open(part_name(self._digest, self._files))
        self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        self._files += 1

    def _end_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._bytes += self._file.tell()
            self._writer = None

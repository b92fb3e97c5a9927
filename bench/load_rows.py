"""The rows of a staged batch by the plainest fast way into the database: what loading is measured by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import URL

from bench.staged_batches import Shape, StagedBatch, sha256_of

_STATEMENT_BYTES = 4 * 1024 * 1024
_PAGE = [
    "id",
    "media_id",
    "page_no",
    "text",
    "confidence",
    "confidence_low",
    "low_line_share",
    "width",
    "height",
    "dpi",
    "rotation",
    "ink",
    "preprocessing",
    "text_source",
    "engine",
    "model",
    "fingerprint",
    "milliseconds",
    "start_ms",
    "end_ms",
    "ingest_run_id",
    "batch_no",
    "loaded_at",
    "quality",
    "warnings",
]
_LINE = [
    "page_id",
    "line_no",
    "text",
    "confidence",
    "polygon",
    "engine",
    "other_engine",
    "other_text",
    "other_confidence",
    "start_ms",
    "end_ms",
]
_DOCUMENT = ["media_id", "text", "confidence", "confidence_low", "low_line_share", "pages"]
_LOADED_AT = "2026-01-01 00:00:00"
_FIRST_KEY = 1_000_000_000


class RawRows:
    """All rows of a batch, ready to be sent; the media are others than those of the batch."""

    def __init__(self, url: URL, batch: StagedBatch, shape: Shape) -> None:
        import MySQLdb

        self._connection = MySQLdb.connect(
            host=str(url.host),
            port=int(url.port or 3306),
            user=str(url.username),
            password=str(url.password),
            database=str(url.database),
            charset="utf8mb4",
        )
        self._cursor = self._connection.cursor()
        self._cursor.max_stmt_length = _STATEMENT_BYTES
        self._media = [self._rows(batch, shape, number) for number in range(shape.media)]
        self._connection.commit()

    def load(self) -> None:
        """Send them, one transaction per medium."""
        for pages, lines, document in self._media:
            self._cursor.executemany(_upsert("page", _PAGE, ("id", "media_id", "page_no")), pages)
            self._cursor.executemany(_upsert("line", _LINE, ("page_id", "line_no")), lines)
            self._cursor.executemany(_upsert("document", _DOCUMENT, ("media_id",)), [document])
            self._connection.commit()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _rows(
        self, batch: StagedBatch, shape: Shape, number: int
    ) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], tuple[Any, ...]]:
        self._cursor.execute(
            "INSERT INTO media (sha256, bytes, mime, kind, status, needs_retry, first_seen)"
            " VALUES (%s, 1, 'x', 'pdf', 'claimed', 0, %s)",
            (sha256_of(f"raw {batch.run_id} {number}"), _LOADED_AT),
        )
        media_id = self._cursor.lastrowid
        self._cursor.execute("SELECT id FROM ingest_run WHERE run_id = %s", (batch.run_id,))
        (run_key,) = self._cursor.fetchone()
        pages, lines = [], []
        for page in batch.pages[number * shape.pages : (number + 1) * shape.pages]:
            key = _FIRST_KEY + number * shape.pages + page.page_no
            values = page.model_dump(exclude={"sha256", "lines", "warnings"})
            values |= {"id": key, "media_id": media_id, "ingest_run_id": run_key, "batch_no": 0}
            values |= {"loaded_at": _LOADED_AT, "quality": "accepted", "warnings": ""}
            pages.append(tuple(values[name] for name in _PAGE))
            lines += [
                (key, line.line_no, line.text, line.confidence, json.dumps(line.polygon), *[None] * 6)
                for line in page.lines
            ]
        whole = "\f".join(page[_PAGE.index("text")] for page in pages)
        return pages, lines, (media_id, whole, 0.9, 0.8, 0.0, len(pages))


def _upsert(table: str, columns: Sequence[str], key: Sequence[str]) -> str:
    replaced = ", ".join(f"{name} = VALUES({name})" for name in columns if name not in key)
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) ON DUPLICATE KEY UPDATE {replaced}"

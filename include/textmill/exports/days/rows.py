"""Stream what was loaded on a day out of the warehouse, as record batches of bounded size."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, Text, func, select, table, type_coerce
from sqlalchemy import column as sql_column

from textmill.exports.days.tables import COLUMNS, ExportedTable
from textmill.warehouse.tables import ingest_run, line, media, page

_ROWS_AT_ONCE = {ExportedTable.DOCUMENTS: 1, ExportedTable.PAGES: 50, ExportedTable.LINES: 5000}
"""Rows taken from the server at once: a document may have a quarter of a gigabyte of text, a page a million
characters."""
_GROUP_ROWS, _GROUP_CHARACTERS = 5000, 4_000_000
"""Of a record batch, at most; a single row may be larger."""

V_DOCUMENT = table("v_document", *(sql_column(one.name) for one in COLUMNS[ExportedTable.DOCUMENTS]))


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the first moment of a day (UTC) and that of the next."""
    start = datetime.combine(day, time())
    return start, start + timedelta(days=1)


def batches_of_day(
    connection: Connection, exported: ExportedTable, day: date, schema: Any
) -> Generator[Any, None, None]:
    """Yield the rows of a day as `pyarrow.RecordBatch`es, in no promised order: a server sorts on disk.

    The rows come from the server as they are taken: take all of them before the connection is used again.
    """
    import pyarrow as pa

    at_once = _ROWS_AT_ONCE[exported]
    streaming = connection.execution_options(stream_results=True, max_row_buffer=at_once)
    converters = [_CONVERTERS.get(field.name) for field in schema]
    with streaming.execute(_SELECTS[exported](*day_bounds(day))) as result:
        for rows in _groups(result, schema.get_field_index("text")):
            columns = zip(*rows, strict=True)
            arrays = [
                pa.array(convert(values) if convert else values, field.type)
                for values, convert, field in zip(columns, converters, schema, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _groups(rows: Iterable[Row[Any]], text: int) -> Iterator[list[Row[Any]]]:
    """Yield rows in groups of bounded number and size; column `text` has what may be large."""
    group: list[Row[Any]] = []
    characters = 0
    for row in rows:
        group.append(row)
        characters += len(row[text] or "")
        if len(group) >= _GROUP_ROWS or characters >= _GROUP_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _documents(start: datetime, end: datetime) -> Select[Any]:
    loaded_at = V_DOCUMENT.c.loaded_at
    return select(V_DOCUMENT).where(loaded_at >= start, loaded_at < end)


def _pages(start: datetime, end: datetime) -> Select[Any]:
    known = {"sha256": media.c.sha256, "run_id": ingest_run.c.run_id}
    columns = [
        known[one.name] if one.name in known else page.c[one.name] for one in COLUMNS[ExportedTable.PAGES]
    ]
    return (
        select(*columns)
        .select_from(page)
        .join(media, media.c.id == page.c.media_id)
        .join(ingest_run, ingest_run.c.id == page.c.ingest_run_id)
        .where(page.c.loaded_at >= start, page.c.loaded_at < end)
        .prefix_with("STRAIGHT_JOIN")
    )


def _lines(start: datetime, end: datetime) -> Select[Any]:
    known = {
        "media_id": page.c.media_id,
        "sha256": media.c.sha256,
        "page_no": page.c.page_no,
        "polygon": type_coerce(line.c.polygon, Text),
        "engine": func.coalesce(line.c.engine, page.c.engine),
        "loaded_at": page.c.loaded_at,
    }
    columns = [
        known[one.name] if one.name in known else line.c[one.name] for one in COLUMNS[ExportedTable.LINES]
    ]
    return (
        select(*columns)
        .select_from(page)
        .join(media, media.c.id == page.c.media_id)
        .join(line, line.c.page_id == page.c.id)
        .where(page.c.loaded_at >= start, page.c.loaded_at < end)
        .prefix_with("STRAIGHT_JOIN")
    )


def _parsed(values: Sequence[str]) -> Any:
    # One call for thousands of small texts.
    return json.loads(f"[{','.join(values)}]")


def _split(values: Sequence[str]) -> list[list[str]]:
    return [[word for word in value.split(",") if word] for value in values]


# Of a few pages the index of the day is walked, of most pages the table, and from there on only keys are
# followed: STRAIGHT_JOIN keeps the server from beginning with the lines.
_SELECTS: dict[ExportedTable, Callable[[datetime, datetime], Select[Any]]] = {
    ExportedTable.DOCUMENTS: _documents,
    ExportedTable.PAGES: _pages,
    ExportedTable.LINES: _lines,
}
_CONVERTERS: dict[str, Callable[[Sequence[Any]], Any]] = {"polygon": _parsed, "warnings": _split}

"""The exported tables: their columns, types, and what each of them means. Documented in docs/exports.md."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SCHEMA_VERSION = 1
"""Raised when a column changes its meaning or goes; a new column at the end raises it too."""
PARTITION_COLUMN = "loaded_on"


class ExportedTable(StrEnum):
    """The tables, in the order in which they are exported."""

    DOCUMENTS = "documents"
    PAGES = "pages"
    LINES = "lines"


@dataclass(frozen=True)
class ExportedColumn:
    """A column of an exported table.

    Attributes:
        type: the name of its type, see `arrow_type`.
        meaning: stands in the file too, as `description` in the metadata of the field.
    """

    name: str
    type: str
    meaning: str
    nullable: bool = True


def _id(name: str, type_: str, meaning: str) -> ExportedColumn:
    return ExportedColumn(name, type_, meaning, nullable=False)


_MEDIUM = (
    _id("media_id", "int64", "the medium's number in the warehouse; joins the three tables"),
    _id("sha256", "string", "of the medium's bytes, in hexadecimal: the same in every warehouse"),
)
_LOADED_AT = _id("loaded_at", "timestamp", "when the text was loaded last; its date is the partition")

COLUMNS: dict[ExportedTable, tuple[ExportedColumn, ...]] = {
    ExportedTable.DOCUMENTS: (
        *_MEDIUM,
        ExportedColumn("uri", "string", "where it lies; null when other content lies there now"),
        ExportedColumn("source", "string", "name of its source, or the address that was typed"),
        _id("kind", "string", "image, pdf, video, text or archive"),
        _id("mime", "string", "what the content was found to be"),
        _id("bytes", "int64", "size of the medium"),
        ExportedColumn("page_count", "int32", "pages that it has, also those in quarantine"),
        ExportedColumn("duration_ms", "int64", "of a video"),
        ExportedColumn("text", "string", "all accepted pages, separated by form feeds"),
        ExportedColumn("confidence", "double", "mean over the pages, from 0 to 1"),
        ExportedColumn("confidence_low", "double", "what a tenth of the lines do not exceed"),
        ExportedColumn("low_line_share", "double", "share of lines below a confidence of 0.8"),
        _id("status", "string", "loaded, partial or quarantined"),
        _id("first_seen", "timestamp", "when it was first found"),
        ExportedColumn("deleted_at", "timestamp", "since when it lies nowhere any more"),
        _LOADED_AT,
    ),
    ExportedTable.PAGES: (
        *_MEDIUM,
        _id("page_no", "int32", "from 1"),
        _id("text", "string", "in the order of reading"),
        ExportedColumn("confidence", "double", "mean over the lines, weighted by their length, from 0 to 1"),
        ExportedColumn("confidence_low", "double", "what a tenth of the lines do not exceed"),
        ExportedColumn("low_line_share", "double", "share of lines below a confidence of 0.8"),
        _id("quality", "string", "accepted or warning"),
        _id("warnings", "list<string>", "checks of the quality gate that gave a warning"),
        _id("width", "int32", "of the page as it was read, upright, in pixels"),
        _id("height", "int32", "likewise"),
        ExportedColumn("dpi", "int32", "pixels per inch, where that is known"),
        _id("rotation", "int32", "degrees clockwise by which the stored page was turned to be read"),
        _id("ink", "double", "share of pixels darker than their surroundings"),
        _id("preprocessing", "string", "what was done to the picture before it was read, in words"),
        _id("text_source", "string", "ocr, text_layer or text_file"),
        _id("engine", "string", "who read it"),
        _id("model", "string", "with which model"),
        _id("fingerprint", "string", "changes whenever engine, models or settings could give another text"),
        _id("milliseconds", "int32", "that reading took"),
        ExportedColumn("start_ms", "int64", "in a video, from when on the page was seen"),
        ExportedColumn("end_ms", "int64", "until when"),
        _id("run_id", "string", "the run that loaded it: v_run"),
        _id("batch_no", "int32", "the batch of that run"),
        _LOADED_AT,
    ),
    ExportedTable.LINES: (
        *_MEDIUM,
        _id("page_no", "int32", "the page's"),
        _id("line_no", "int32", "from 1, in the order of reading"),
        _id("text", "string", "of the line"),
        _id("confidence", "double", "of 0.9: nine such lines in ten are right"),
        _id(
            "polygon", "list<list<double>>", "[[x, y], …] in pixels of the page, clockwise from the top left"
        ),
        _id("engine", "string", "who read the line"),
        ExportedColumn("other_engine", "string", "whose reading lost against this one"),
        ExportedColumn("other_text", "string", "what that was"),
        ExportedColumn("other_confidence", "double", "how sure that one was"),
        ExportedColumn("start_ms", "int64", "in a video, from when on the line was seen"),
        ExportedColumn("end_ms", "int64", "until when"),
        _LOADED_AT,
    ),
}


def arrow_schema(table: ExportedTable, notes: dict[str, str]) -> Any:
    """Return the `pyarrow.Schema` of a table.

    Args:
        notes: go into the metadata of the file, beside the version of the schema.
    """
    import pyarrow as pa

    fields = [
        pa.field(one.name, _arrow_type(one.type), one.nullable, metadata={"description": one.meaning})
        for one in COLUMNS[table]
    ]
    return pa.schema(
        fields, metadata={"textmill.table": table, "textmill.schema_version": str(SCHEMA_VERSION), **notes}
    )


def _arrow_type(name: str) -> Any:
    import pyarrow as pa

    return {
        "int32": pa.int32(),
        "int64": pa.int64(),
        "double": pa.float64(),
        "string": pa.string(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "list<string>": pa.list_(pa.string()),
        "list<list<double>>": pa.list_(pa.list_(pa.float64())),
    }[name]

"""Pages as they lie in a staged table, taken apart by columns: for the loader, which checks nothing again.

A record with its lines costs more than the database takes to store the page; here, the lines of a whole row
group become rows at once, and only when one of its pages is to be written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

LINE_FIELDS = (
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
)
"""What a line's row holds, in this order; the polygon is JSON, `[[x, y], …]`."""

LineRow = tuple[Any, ...]


@dataclass(frozen=True)
class StagedPage:
    """One page.

    Attributes:
        values: by the fields of `PageRecord`, but for its lines and warnings.
        warnings: checks of the quality gate that gave a warning.
    """

    values: Mapping[str, Any]
    _group: StagedGroup
    _row: int
    warnings: tuple[str, ...] = ()

    @property
    def page_no(self) -> int:
        """Its number in the medium, from 1."""
        number: int = self.values["page_no"]
        return number

    @property
    def text(self) -> str:
        """Its whole text."""
        text: str = self.values["text"]
        return text

    @property
    def lines(self) -> list[LineRow]:
        """Its lines, as `LINE_FIELDS` says."""
        return self._group.lines_of(self._row)

    def flagged(self, warnings: tuple[str, ...]) -> StagedPage:
        """Return the page with warnings."""
        return StagedPage(self.values, self._group, self._row, warnings)


class StagedGroup:
    """Some rows of a table of pages, for the schema see `page_table`."""

    def __init__(self, table: pa.Table) -> None:
        self._lines = table.column("lines").combine_chunks()
        self._values = table.drop_columns(["lines"]).to_pylist()

    def pages(self, start: int = 0, stop: int | None = None) -> Iterator[StagedPage]:
        """Yield the pages of the rows from `start` to before `stop`."""
        for row, values in enumerate(self._values[start:stop], start=start):
            yield StagedPage(values, self, row)

    def lines_of(self, row: int) -> list[LineRow]:
        """Return the lines of the page in a row."""
        return self._line_rows[self._offsets[row] : self._offsets[row + 1]]

    @cached_property
    def _offsets(self) -> list[int]:
        offsets = self._lines.offsets.to_pylist()
        return [offset - offsets[0] for offset in offsets]

    @cached_property
    def _line_rows(self) -> list[LineRow]:
        lines = self._lines.flatten()
        columns = dict(zip((field.name for field in lines.type), lines.flatten(), strict=True))
        other = columns.pop("other")
        for field, column in zip(other.type, other.flatten(), strict=True):
            columns[f"other_{field.name}"] = column
        columns["polygon"] = _as_json(columns["polygon"])
        return list(zip(*(columns[name].to_pylist() for name in LINE_FIELDS), strict=True))


def _as_json(polygons: pa.ListArray) -> pa.StringArray:
    """Return lists of points as JSON."""
    import pyarrow as pa
    import pyarrow.compute as pc

    points = polygons.flatten()
    # The shortest digits that mean the same number, as Python's own: 1.0 becomes 1, which JSON does not tell
    # apart.
    numbers = points.flatten().cast(pa.string())
    return _bracketed(polygons, _bracketed(points, numbers, pc), pc)


def _bracketed(lists: pa.ListArray, items: pa.StringArray, pc: Any) -> pa.StringArray:
    """Return the JSON of lists whose items are JSON already."""
    import pyarrow as pa

    offsets = pc.subtract(lists.offsets, lists.offsets[0])
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, items), ", ")
    return pc.binary_join_element_wise("[", joined, "]", "")

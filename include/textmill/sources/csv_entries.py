"""The rows of a CSV file with the numbers of their lines; a broken row costs no more than its own line."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from textmill.sources.manifest_lines import LONGEST_LINE, Line

_MOST_LINES = 100
"""Lines of one row: each broken row costs reading so many again."""

_NOT_CLOSED = "opens a quotation that is not closed"


class Row(NamedTuple):
    """A row with the number of its first line; `cells` is empty where `problem` says why."""

    number: int
    cells: list[str]
    problem: str = ""


class _Unreadable(Exception):
    """The row cannot be read to its end."""


class CsvRows:
    """Streams the rows of RFC 4180 text, blank lines aside.

    A quotation mark that nobody closes would take all that follows into its row. So of a row that is broken,
    too long, or has a line break in its column `unbroken`, the first line alone is given up, and what follows
    is read anew.

    Attributes:
        unbroken: number of the column whose cells hold no line break, once it is known.
    """

    def __init__(self, lines: Iterator[Line], delimiter: str) -> None:
        self.unbroken: int | None = None
        self._lines = lines
        self._again: deque[Line] = deque()
        self._taken: list[Line] = []
        self._left = LONGEST_LINE
        self._rows = csv.reader(_Feed(self), delimiter=delimiter, skipinitialspace=True, strict=True)

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        """Return the next row, or why there is none."""
        cells: list[str] = []
        problem = ""
        while not cells and not problem:
            self._taken = []
            self._left = LONGEST_LINE
            try:
                cells = next(self._rows)
            except csv.Error as error:
                problem = _words(error)
            except _Unreadable as error:
                problem = str(error)
        first, *more = self._taken
        if more and self.unbroken is not None and "\n" in "".join(cells[self.unbroken : self.unbroken + 1]):
            cells, problem = [], "opens a quotation that no later line closes in its place"
        if problem:
            self._again.extendleft(reversed(more))
        return Row(first.number, cells, problem)

    def next_line(self) -> str:
        """Return the next line with its end, for the parser."""
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        if line.text is None:
            raise _Unreadable(
                line.problem if len(self._taken) == 1 else "opens a quotation that a broken line follows"
            )
        self._left -= len(line.text)
        if len(self._taken) > 1 and (self._left < 0 or len(self._taken) > _MOST_LINES):
            raise _Unreadable(_NOT_CLOSED)
        return line.text + "\n"


class _Feed:
    def __init__(self, rows: CsvRows) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return self._rows.next_line()


def _words(error: csv.Error) -> str:
    if "end of data" in str(error):
        return _NOT_CLOSED
    return "is no CSV: between a closing quotation mark and the next column stands something else"

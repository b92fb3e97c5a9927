"""How long queries take and by which indexes the server answers them."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

RUNS = 5
BIG = 100_000
"""Rows: a tenth of the pages. Media, locations and lines are beyond it, the books of batches are not."""
MOST_SECONDS, MOST_FULLTEXT_SECONDS = 0.2, 0.5

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<end>;)""",
    re.DOTALL,
)
_IN_DOCUMENT = re.compile(r'^echo "(.+?)" \|[^|\n]*make -s sql', re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Query:
    """A statement and where it stands."""

    name: str
    statement: str


@dataclass(frozen=True)
class Step:
    """A line of EXPLAIN: a table, how it is read (type, key), and how many rows the server expects."""

    table: str
    type: str
    key: str
    rows: int

    def __str__(self) -> str:
        return f"{self.table} {self.type}{f' by {self.key}' if self.key else ''} ({self.rows:,})"


@dataclass(frozen=True)
class Timing:
    """What was measured of a query.

    Attributes:
        seconds: of each run, in order.
        rows: that it returned.
        failure: what the server said, where it did not answer.
    """

    query: Query
    seconds: tuple[float, ...]
    rows: int
    plan: tuple[Step, ...]
    failure: str | None = None

    @property
    def median(self) -> float:
        """The middle one of the runs."""
        return statistics.median(self.seconds)

    @property
    def complaints(self) -> list[str]:
        """What is wrong with it, in words; empty is good."""
        if self.failure is not None:
            return [f"fails: {self.failure}"]
        most = MOST_FULLTEXT_SECONDS if "MATCH" in self.query.statement.upper() else MOST_SECONDS
        found = [f"takes {self.median:.2f} s, more than {most} s"] if self.median > most else []
        big = [step for step in self.plan if step.rows > BIG and not step.table.startswith("<")]
        found += [f"reads all of {step.table}" for step in big if step.type == "ALL"]
        found += [f"reads the whole index {step.key} of {step.table}" for step in big if step.type == "index"]
        return found


def queries_of_folder(folder: Path) -> list[Query]:
    """Return the statements of all files `*.sql` of a folder."""
    return [
        query for path in sorted(folder.glob("*.sql")) for query in _named(path.stem, path.read_text("utf-8"))
    ]


def queries_of_document(path: Path) -> list[Query]:
    """Return the statements that a document hands to `make sql`."""
    blocks = (
        re.sub(r"\\([`$\"\\])", r"\1", block)  # as the shell reads it between quotation marks
        for block in _IN_DOCUMENT.findall(path.read_text("utf-8"))
    )
    return [
        query for number, block in enumerate(blocks, 1) for query in _named(f"{path.stem}.md {number}", block)
    ]


def _named(name: str, sql: str) -> list[Query]:
    found = list(statements(sql))
    if len(found) == 1:
        return [Query(name, found[0])]
    return [Query(f"{name}, {number}", one) for number, one in enumerate(found, 1)]


def statements(sql: str) -> Iterator[str]:
    """Yield the statements of a file, without comments."""
    parts = [""]
    position = 0
    for token in _TOKEN.finditer(sql):
        parts[-1] += sql[position : token.start()]
        position = token.end()
        if token["end"]:
            parts.append("")
        elif token["quoted"]:
            parts[-1] += token[0]
    parts[-1] += sql[position:]
    yield from (part.strip() for part in parts if part.strip())


def measure(connection: Connection, query: Query) -> Timing:
    """Run a query several times, and have it explained. What asks for nothing (SET …) is run once."""
    try:
        return _measure(connection, query)
    except DBAPIError as error:
        connection.rollback()
        return Timing(query, (0.0,), 0, (), failure=str(error.orig))


def _measure(connection: Connection, query: Query) -> Timing:
    asks = query.statement.lstrip("( \n").upper().startswith(("SELECT", "WITH"))
    seconds, rows = [], 0
    for _ in range(RUNS if asks else 1):
        start = time.perf_counter()
        result = connection.exec_driver_sql(_literal(query.statement))
        rows = len(result.fetchall()) if result.returns_rows else 0
        seconds.append(time.perf_counter() - start)
    return Timing(query, tuple(seconds), rows, _plan(connection, query) if asks else ())


def _plan(connection: Connection, query: Query) -> tuple[Step, ...]:
    rows = (
        connection.exec_driver_sql(_literal(f"EXPLAIN FORMAT=TRADITIONAL {query.statement}")).mappings().all()
    )
    return tuple(
        Step(row["table"], row["type"] or "", row["key"] or "", int(row["rows"] or 0))
        for row in rows
        if row["table"]
    )


def _literal(statement: str) -> str:
    """Keep the driver from taking percent signs for parameters."""
    return statement.replace("%", "%%")


def tables(connection: Connection) -> str:
    """Say in one line how big the warehouse is."""
    names = (
        "page",
        "media",
        "document",
        "line",
        "media_location",
        "quarantine",
        "quality_result",
        "ingest_batch",
    )
    counts = (
        f"{connection.execute(text(f'SELECT COUNT(*) FROM {name}')).scalar_one():,} {name}" for name in names
    )
    return ", ".join(counts)

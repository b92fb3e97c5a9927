"""Write the generated parts of `docs/warehouse.md`: dictionary of the views and diagram of the tables.

`python -m tools.document_warehouse` starts a private MariaDB, migrates it, and takes names and types of the
columns from there. What a column means stands behind it in `include/sql/views`, as a comment.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, ForeignKeyConstraint, Table, text

from textmill.warehouse.migrate import VIEWS
from textmill.warehouse.tables import metadata

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "warehouse.md"

_FIRST = ("v_document", "v_page", "v_line", "v_video_text", "v_search")
"""The views with texts come first, the others by name."""
_AS = re.compile(r"\bAS\s+`?(\w+)`?\s*,?\s*(?:--\s*(?P<meaning>.*))?$")
_COMMENT = re.compile(r"^\s*--\s*(?P<words>.*)$")


@dataclass(frozen=True)
class Column:
    """A column of a view, in the words of its SQL file."""

    name: str
    meaning: str


@dataclass(frozen=True)
class View:
    """A view, in the words of its SQL file."""

    name: str
    meaning: str
    columns: tuple[Column, ...]


def views() -> list[View]:
    """Return all views with what is said of them, those with texts first."""
    found = [read_view(file) for file in VIEWS.glob("*.sql")]
    return sorted(found, key=lambda view: (_rank(view.name), view.name))


def read_view(file: Path) -> View:
    """Read what an SQL file says of its view: on top, and behind each column of the outermost SELECT."""
    lines = file.read_text(encoding="utf-8").splitlines()
    top = [line for line in lines[: _start(lines)] if _COMMENT.match(line)]
    meaning = " ".join(line.strip().removeprefix("--").strip() for line in top)
    return View(file.stem, meaning, tuple(_columns(lines[_start(lines) :])))


def _rank(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _start(lines: list[str]) -> int:
    return next(number for number, line in enumerate(lines) if line.startswith("CREATE"))


def _columns(lines: list[str]) -> Iterator[Column]:
    """Yield the columns between SELECT and FROM at the margin; further comment lines go on with the last."""
    name, words = "", []
    depth = 0
    for line in lines:
        if line.startswith("FROM"):
            break
        statement = line.partition("--")[0]
        depth += statement.count("(") - statement.count(")")
        if depth == 0 and (match := _AS.search(line)):
            if name:
                yield Column(name, " ".join(words))
            name, words = match[1], [match["meaning"] or ""]
        elif name and (comment := _COMMENT.match(line)):
            words.append(comment["words"])
    if name:
        yield Column(name, " ".join(filter(None, words)))


def dictionary(connection: Connection) -> str:
    """Return the dictionary as Markdown; types are those that the server reports."""
    parts = []
    for view in views():
        types = _types(connection, view.name)
        rows = [f"| `{one.name}` | {types[one.name]} | {one.meaning} |" for one in view.columns]
        head = [f"### `{view.name}`", "", view.meaning, "", "| column | type | meaning |", "|---|---|---|"]
        parts.append("\n".join([*head, *rows]))
    return "\n\n".join(parts)


def columns_of(connection: Connection, view: str) -> list[str]:
    """Return the columns that a view has on the server, in order."""
    return list(_types(connection, view))


def _types(connection: Connection, view: str) -> dict[str, str]:
    rows = connection.execute(
        text(
            "SELECT column_name AS name, column_type AS type FROM information_schema.columns "
            "WHERE table_schema = DATABASE() AND table_name = :view ORDER BY ordinal_position"
        ),
        {"view": view},
    )
    # MariaDB gives whole numbers a width that means nothing, MySQL does not.
    return {row.name: re.sub(r"int\(\d+\)", "int", row.type) for row in rows}


def diagram() -> str:
    """Return the tables and how they refer to each other as a Mermaid diagram."""
    lines = ["```mermaid", "erDiagram"]
    for table in metadata.sorted_tables:
        lines += [f"    {arrow}" for arrow in _arrows(table)]
    for table in metadata.sorted_tables:
        lines.append(f"    {table.name} {{")
        lines += [f"        {_entry(table, name)}" for name in [column.name for column in table.columns]]
        lines.append("    }")
    return "\n".join([*lines, "```"])


def _arrows(table: Table) -> Iterator[str]:
    constraints = (one for one in table.constraints if isinstance(one, ForeignKeyConstraint))
    for constraint in sorted(constraints, key=lambda one: one.column_keys):
        (column,) = constraint.columns
        one = "|o" if column.nullable else "||"
        yield f"{constraint.referred_table.name} {one}--o{{ {table.name} : {column.name}"


def _entry(table: Table, name: str) -> str:
    column = table.columns[name]
    kind = re.sub(r"\W.*", "", str(column.type.__visit_name__)).lower()
    keys = [mark for mark, holds in (("PK", column.primary_key), ("FK", column.foreign_keys)) if holds]
    return " ".join([kind, name, ", ".join(keys)]).rstrip()


def document(connection: Connection, before: str) -> str:
    """Return the document with its generated parts as they are now."""
    return _put(_put(before, "dictionary", dictionary(connection)), "diagram", diagram())


def _put(document: str, name: str, part: str) -> str:
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    head, _, rest = document.partition(start)
    _, mark, tail = rest.partition(end)
    if not mark:
        raise ValueError(f"{DOCUMENT} lacks the marks {start} and {end}.")
    return f"{head}{start}\n{part}\n{end}{tail}"


def main() -> None:
    """Write the document."""
    from stack.mariadb import running_mariadb
    from textmill.warehouse.connection import warehouse_engine
    from textmill.warehouse.migrate import upgrade

    with tempfile.TemporaryDirectory() as folder, running_mariadb(Path(folder)) as url:
        upgrade(url.render_as_string(hide_password=False))
        with warehouse_engine(url) as engine, engine.connect() as connection:
            written = document(connection, DOCUMENT.read_text(encoding="utf-8"))
    DOCUMENT.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Insert many rows by few statements."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, literal_column
from sqlalchemy.dialects.mysql import dialect, insert


class MultiRowInsert:
    """An insert, or an upsert, of any number of rows of a table.

    mysqlclient joins the rows of one `executemany` to statements of a bounded size (`connection`), but only
    if it knows the statement by its form: `VALUES (%s, …)`, with nothing behind it but `ON DUPLICATE KEY
    UPDATE`. The row alias by which SQLAlchemy refers to new values on MySQL does not fit, and each row would
    be a statement of its own; the function `VALUES()` does, and both servers know it.

    Args:
        columns: names of those that a row has values for, in this order.
        replaced: those that take the new value when the row is there; none for a plain insert.
    """

    def __init__(self, table: Table, columns: Sequence[str], replaced: Collection[str] = ()) -> None:
        entry = insert(table).values({name: bindparam(name) for name in columns})
        if replaced:
            entry = entry.on_duplicate_key_update(
                {name: literal_column(f"VALUES(`{name}`)") for name in replaced}
            )
        compiled = entry.compile(dialect=dialect(paramstyle="format"))
        self._sql = str(compiled)
        # SQLAlchemy names columns in the order of the table.
        self._order = [columns.index(name) for name in compiled.positiontup or ()]

    def execute(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows, whose values go to the driver as they are."""
        if rows:
            order = self._order
            connection.exec_driver_sql(self._sql, [tuple([row[place] for place in order]) for row in rows])

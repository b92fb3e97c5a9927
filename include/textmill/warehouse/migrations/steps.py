"""Steps of migrations that can be repeated.

The server commits at each statement that changes a table, so a migration that was killed is half done and is
run again from its start: each step looks first whether it was taken.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

MOMENT = mysql.DATETIME(fsp=6)
HASH = mysql.VARCHAR(64, charset="ascii", collation="ascii_bin")
ADDRESS = mysql.VARCHAR(16_000, charset="ascii", collation="ascii_bin")
INNODB: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_ci",
}


def _columns(table: str) -> dict[str, Any]:
    return {column["name"]: column for column in sa.inspect(op.get_bind()).get_columns(table)}


def has_index(table: str, name: str) -> bool:
    """Whether a table has an index or a unique key of this name."""
    return name in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}


def add_columns(table: str, *columns: sa.Column[Any]) -> None:
    """Add those columns that are not there."""
    present = _columns(table)
    for column in columns:
        if column.name not in present:
            op.add_column(table, column)


def drop_columns(table: str, *names: str) -> None:
    """Drop those columns that are there."""
    for name in _columns(table).keys() & set(names):
        op.drop_column(table, name)


def add_index(name: str, table: str, *columns: str, length: int | None = None, unique: bool = False) -> None:
    """Add an index, or a unique key, that is not there; `length` is that of a prefix, in characters."""
    if not has_index(table, name):
        lengths: dict[str, Any] = {} if length is None else {"mysql_length": length, "mariadb_length": length}
        op.create_index(name, table, [*columns], unique=unique, **lengths)


def drop_index(name: str, table: str) -> None:
    """Drop an index that is there."""
    if has_index(table, name):
        op.drop_index(name, table)


def create_table(name: str, *parts: Any) -> None:
    """Create a table that is not there."""
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *parts, **INNODB)


def drop_tables(*names: str) -> None:
    """Drop those tables that are there."""
    for name in names:
        if sa.inspect(op.get_bind()).has_table(name):
            op.drop_table(name)


def count_column(name: str, comment: str | None = None) -> sa.Column[int]:
    """Return a column of whole numbers that starts at 0; see `without_default`."""
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0", comment=comment)


def without_default(table: str, *names: str) -> None:
    """Take the default away that filled columns in which were added."""
    columns = _columns(table)
    for name in names:
        op.alter_column(
            table,
            name,
            existing_type=columns[name]["type"],
            existing_nullable=False,
            existing_comment=columns[name]["comment"],
            server_default=None,
        )


def set_comment(table: str, name: str, comment: str) -> None:
    """Say something else of a column."""
    column = _columns(table)[name]
    op.alter_column(
        table, name, existing_type=column["type"], existing_nullable=column["nullable"], comment=comment
    )

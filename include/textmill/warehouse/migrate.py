"""Bring a warehouse to the current schema: Alembic migrations for tables, then functions and views.

These hold no data, so they are not migrated but written anew from `include/sql` every time.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from textmill.errors import TextmillError

_HERE = Path(__file__).parent
SQL = _HERE.parent.parent / "sql"
VIEWS = SQL / "views"
FUNCTIONS = SQL / "functions"
"""One stored function per file, which has its name; MySQL knows no CREATE OR REPLACE FUNCTION."""

_LOCK = "textmill_migrate"
_LOCK_SECONDS = 120


def alembic_config(connection: Connection | None = None) -> Config:
    """Return the configuration with which every Alembic command on the warehouse is run."""
    config = Config()
    config.set_main_option("script_location", str(_HERE / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _lock(connection: Connection) -> None:
    question = text("SELECT GET_LOCK(:name, :seconds)")
    if connection.execute(question, {"name": _LOCK, "seconds": _LOCK_SECONDS}).scalar_one() != 1:
        raise TextmillError(f"Another migration of this warehouse is still going on after {_LOCK_SECONDS} s.")


def upgrade(url: str) -> None:
    """Migrate the warehouse at `url` to the newest schema. Safe to repeat, and from several hosts at once.

    Functions are made anew, with which MariaDB takes away all rights on them: `analysts.grant_role` follows.

    Args:
        url: a SQLAlchemy URL, for example `mysql+mysqldb://user:secret@127.0.0.1/textmill?charset=utf8mb4`.
    """
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            _lock(connection)
            command.upgrade(alembic_config(connection), "head")
            connection.commit()
            for function in sorted(FUNCTIONS.glob("*.sql")):
                connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {function.stem}")
                _execute(connection, function)
            for view in sorted(VIEWS.glob("*.sql")):
                _execute(connection, view)
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": _LOCK})
            connection.commit()
    finally:
        engine.dispose()


def _execute(connection: Connection, file: Path) -> None:
    connection.exec_driver_sql(file.read_text(encoding="utf-8").replace("%", "%%"))

"""The account of analysts reads the views, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, NullPool, create_engine, inspect, text
from sqlalchemy.exc import DatabaseError

from stack import mariadb, secrets_store
from textmill.warehouse.migrate import FUNCTIONS, VIEWS, upgrade
from textmill.warehouse.tables import metadata

DENIED = 1142
NO_DATABASE = 1044


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Engine]]:
    """Engines of the loader and of the analyst on a migrated warehouse."""
    state = tmp_path_factory.mktemp("analyst")
    with mariadb.running_mariadb(state) as url:
        upgrade(url.render_as_string(hide_password=False))
        secrets = secrets_store.load(state / "secrets")
        assert url.port is not None
        for _ in range(2):  # it is done at every start
            mariadb.let_analysts_read(secrets, url.port)
        analyst = mariadb.analyst_url(secrets, url.port)
        yield create_engine(url, poolclass=NullPool), create_engine(analyst, poolclass=NullPool)


def refused(engine: Engine, statement: str) -> int:
    with engine.connect() as connection, pytest.raises(DatabaseError) as caught:
        connection.execute(text(statement))
    return int(caught.value.orig.args[0])  # type: ignore[union-attr]


def test_every_view_can_be_read(accounts: tuple[Engine, Engine]) -> None:
    _, analyst = accounts
    with analyst.connect() as connection:
        for file in VIEWS.glob("*.sql"):
            connection.execute(text(f"SELECT * FROM {file.stem} LIMIT 1"))


def test_every_function_can_be_called(accounts: tuple[Engine, Engine]) -> None:
    _, analyst = accounts
    with analyst.connect() as connection:
        grants = "\n".join(connection.execute(text("SHOW GRANTS FOR textmill_analyst")).scalars())
    assert [file.stem for file in FUNCTIONS.glob("*.sql") if f"`{file.stem}`" not in grants] == []


def test_no_table_can_be_read(accounts: tuple[Engine, Engine]) -> None:
    _, analyst = accounts
    answers = {name: refused(analyst, f"SELECT 1 FROM `{name}`") for name in metadata.tables}
    assert set(answers.values()) == {DENIED}


def test_nothing_can_be_written(accounts: tuple[Engine, Engine]) -> None:
    _, analyst = accounts
    for statement in (
        "UPDATE v_page SET text = ''",
        "DELETE FROM v_page",
        "INSERT INTO page (text) VALUES ('')",
        "DROP VIEW v_page",
        "CREATE TABLE mine (a INT)",
        "TRUNCATE TABLE page",
        "CREATE OR REPLACE VIEW v_page AS SELECT 1",
    ):
        assert refused(analyst, statement) in (DENIED, NO_DATABASE)


def test_no_other_database_is_seen(accounts: tuple[Engine, Engine]) -> None:
    loader, analyst = accounts
    with analyst.connect() as connection:
        databases = set(connection.execute(text("SHOW DATABASES")).scalars())
    assert databases == {"information_schema", mariadb.DATABASE}
    # Airflow's tables are in another server (PostgreSQL), to which this account has no password.
    assert "dag_run" not in inspect(loader).get_table_names()
    assert inspect(analyst).get_table_names() == []


def test_the_loader_makes_no_accounts(accounts: tuple[Engine, Engine]) -> None:
    loader, _ = accounts
    with loader.connect() as connection, pytest.raises(DatabaseError):
        connection.execute(text("GRANT SELECT ON textmill.page TO 'analyst'@'127.0.0.1'"))

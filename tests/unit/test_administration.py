"""Whoever gives accounts their passwords keeps them out of what goes wrong."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from textmill.warehouse.connection import administration_engine


def test_a_password_is_not_in_the_error_of_the_statement_that_sets_it() -> None:
    engine = administration_engine(make_url("sqlite://"))
    statement = text("ALTER USER a IDENTIFIED BY :password")
    with engine.connect() as connection, pytest.raises(DBAPIError) as refused:
        connection.execute(statement, {"password": "hidden-word"})
    assert "hidden-word" not in str(refused.value)

"""The queries of the documents run as they are printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from bench.query_timing import Query, queries_of_document

_DOCS = Path(__file__).parents[2] / "docs"
QUERIES = queries_of_document(_DOCS / "warehouse.md")


def test_there_are_queries_to_try() -> None:
    assert len(QUERIES) > 8


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_documented_query_is_answered(warehouse: Engine, query: Query) -> None:
    with warehouse.connect() as connection:
        connection.exec_driver_sql(query.statement.replace("%", "%%")).fetchall()

"""The data dictionary is what the views are."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from textmill.warehouse.tables import metadata
from tools.document_warehouse import DOCUMENT, View, columns_of, diagram, document, views


@pytest.mark.parametrize("view", views(), ids=lambda view: view.name)
def test_every_view_and_column_says_what_it_means(warehouse: Engine, view: View) -> None:
    with warehouse.connect() as connection:
        assert [column.name for column in view.columns] == columns_of(connection, view.name)
    assert view.meaning
    assert [column.name for column in view.columns if not column.meaning] == []


def test_the_document_is_up_to_date(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        if not getattr(connection.dialect, "is_mariadb", False):
            pytest.skip("types are spelt as MariaDB spells them")
        written = DOCUMENT.read_text(encoding="utf-8")
        assert written == document(connection, written), "run python -m tools.document_warehouse"


def test_the_diagram_has_every_table() -> None:
    drawn = diagram()
    assert [name for name in metadata.tables if f"    {name} {{" not in drawn] == []

"""A warehouse and a folder that can be put back as they were: quicker than filling them for each test."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from memory_area import MemoryArea
from sqlalchemy import Engine, insert, select, text

from textmill.warehouse.tables import metadata


class Snapshot:
    """The rows of a small warehouse, the files below a folder, and the objects of a staging area."""

    def __init__(self, engine: Engine, folder: Path, area: MemoryArea | None = None) -> None:
        self.engine = engine
        self.area = area
        self.folder = folder / "now"
        self.folder.mkdir()
        self._files = folder / "then"
        self._rows: dict[str, list[dict[str, Any]]] = {table.name: [] for table in metadata.sorted_tables}

    def empty(self) -> None:
        """Remove all rows."""
        self._write_rows()

    def take(self) -> None:
        """Keep everything as it is now."""
        self._rows = self._read_rows()
        shutil.copytree(self.folder, self._files, symlinks=True)
        if self.area is not None:
            self.area.take()

    def restore(self) -> None:
        """Put everything back."""
        self._write_rows()
        shutil.rmtree(self.folder)
        shutil.copytree(self._files, self.folder, symlinks=True)
        if self.area is not None:
            self.area.restore()

    def _read_rows(self) -> dict[str, list[dict[str, Any]]]:
        with self.engine.connect() as connection:
            return {
                table.name: [dict(row._mapping) for row in connection.execute(select(table))]
                for table in metadata.sorted_tables
            }

    def _write_rows(self) -> None:
        now = self._read_rows()
        with self.engine.begin() as connection:
            connection.execute(text("SET foreign_key_checks = 0"))
            for table in metadata.sorted_tables:
                if now[table.name] != self._rows[table.name]:
                    connection.execute(table.delete())
                    if self._rows[table.name]:
                        connection.execute(insert(table), self._rows[table.name])
            connection.execute(text("SET foreign_key_checks = 1"))

"""Figures that tests measure beside what they check, as tables for people to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench import machine


@dataclass
class Figures:
    """Tables by their titles; each row is a name and a figure with its unit."""

    tables: dict[str, dict[str, str]] = field(default_factory=dict)

    def note(self, table: str, figures: Mapping[str, str]) -> None:
        """Add rows to a table."""
        self.tables.setdefault(table, {}).update(figures)

    def markdown(self, engine: str) -> str:
        """All tables, with the machine on which they were measured."""
        here = machine.describe()
        lines = [
            "# Containers",
            "",
            f"Measured by `make test-containers` on {datetime.now(UTC):%Y-%m-%d}, with {engine}.",
            "",
            f"- Machine: {here.cpu}, {here.cores} cores, {here.memory_gb} GB; {here.system}",
        ]
        for title, rows in self.tables.items():
            lines += ["", f"## {title}", "", "| | |", "| --- | ---: |"]
            lines += [f"| {name} | {figure} |" for name, figure in rows.items()]
        return "\n".join([*lines, ""])

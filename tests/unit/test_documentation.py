"""What the documents say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from textmill.errors import Reason
from tools.document_settings import DOCUMENT, document

DOCUMENTS = [
    "README.md",
    "docs/accuracy.md",
    "docs/speed.md",
    "docs/accuracy-preprocessing.md",
    "docs/architecture.md",
    "docs/draining.md",
    "docs/fetching.md",
    "docs/kubernetes.md",
    "docs/image.md",
    "docs/loading.md",
    "docs/media.md",
    "docs/object-stores.md",
    "docs/operations.md",
    "docs/planning.md",
    "docs/quality.md",
    "docs/quality-accuracy.md",
    "docs/search.md",
    "docs/quarantine.md",
    "docs/sources.md",
    "docs/staging.md",
    "docs/upkeep.md",
    "docs/warehouse.md",
    "docs/deploy.md",
    "docs/development.md",
    "docs/events.md",
    "docs/exports.md",
]


def test_settings_are_documented_as_they_are() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run python -m tools.document_settings"


def test_every_reason_code_is_explained(repository: Path) -> None:
    text = (repository / "docs" / "quarantine.md").read_text(encoding="utf-8")
    assert [reason.value for reason in Reason if f"`{reason.value}`" not in text] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_documents_lead_somewhere(repository: Path, name: str) -> None:
    path = repository / name
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_goal_in_the_documents_exists(repository: Path, name: str) -> None:
    goals = set(
        re.findall(r"^([a-z-]+):", (repository / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    used = set(re.findall(r"\bmake (?:-s )?([a-z][a-z-]+)", (repository / name).read_text(encoding="utf-8")))
    assert used - goals - {"sure"} == set()


def test_every_rule_of_the_audit_is_explained(repository: Path) -> None:
    from textmill.auditing.auditor import all_rules

    text = (repository / "docs" / "upkeep.md").read_text(encoding="utf-8")
    names = {name for rule in all_rules() for name in rule.remedies}
    assert [name for name in names if not name.startswith("orphan_") and f"`{name}`" not in text] == []


def test_every_time_of_retention_is_explained(repository: Path) -> None:
    from textmill.settings import Settings

    text = (repository / "docs" / "upkeep.md").read_text(encoding="utf-8")
    names = [name for name in Settings.model_fields if name.startswith("retention_")]
    assert [name for name in names if f"`TEXTMILL_{name.upper()}`" not in text] == []


def test_every_column_of_the_exports_is_documented(repository: Path) -> None:
    from textmill.exports.days.tables import COLUMNS

    text = (repository / "docs" / "exports.md").read_text(encoding="utf-8")
    for table, columns in COLUMNS.items():
        documented = text.split(f"**`{table}`**")[1].split("**`")[0]
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", documented, re.MULTILINE)
        assert rows == [
            (column.name, column.type + (", may be null" if column.nullable else ""), column.meaning)
            for column in columns
        ]

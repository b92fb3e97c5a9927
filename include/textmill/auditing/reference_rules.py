"""Rules on references: whatever a row names is there, and keys are made of what they stand for.

Foreign keys see to most of this, as long as nobody switches them off.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, ForeignKey, func, select

from textmill.auditing.rule import SqlRule
from textmill.warehouse.tables import media_location, metadata

_RESTORE = (
    "Restore the row that is missing from a backup of the database, or delete those that refer to it; "
    "find out who changed the tables with foreign keys switched off."
)


def reference_rules() -> Iterator[SqlRule]:
    """Yield a rule for each foreign key, `orphan_` with its table and column, and for `moved_from`."""
    for table in metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=_column_name):
            yield _orphans(key.parent, key.column)
    yield _orphans(media_location.c.moved_from, media_location.c.id)


def _column_name(key: ForeignKey) -> str:
    return str(key.parent.name)


def _orphans(child: Column[int], parent: Column[int]) -> SqlRule:
    # Under another name, as a location that moved refers to its own table.
    there = parent.table.alias("there")
    query = (
        select(child.label("subject"), func.count().label("amount"))
        .where(
            child.is_not(None),
            ~select(1).where(there.c[parent.name] == child).correlate(child.table).exists(),
        )
        .group_by(child)
    )
    return SqlRule(
        f"orphan_{child.table.name}_{child.name}",
        _RESTORE,
        query,
        f"Rows of the table {child.table.name} ({{amount}}) refer by {child.name} to row {{subject}} of "
        f"{parent.table.name}, which is not there.",
    )


_REHASH = "Compute the key anew from what it stands for; if that key is there already, merge the two rows."

KEY_RULES = (
    SqlRule(
        "wrong_key_of_location",
        _REHASH,
        """
        SELECT l.id AS subject, l.uri AS uri FROM media_location AS l
        WHERE l.uri_hash <> CONVERT(SHA2(l.uri, 256) USING ascii)
        """,
        "Row {subject} of media_location has not the hash of its address {uri}: the next run adds it again.",
    ),
    SqlRule(
        "wrong_key_of_entry",
        _REHASH,
        f"""
        SELECT q.id AS subject, q.uri AS uri FROM quarantine AS q
        WHERE q.uri_hash <> CONVERT(SHA2(q.uri, 256) USING ascii)
            OR q.entry_key <> CONVERT(SHA2(CONCAT(
                IF(q.sha256 IS NULL OR q.stage = 'fetch', q.uri, q.sha256),
                '{chr(10)}', COALESCE(q.page_no, 0)
            ), 256) USING ascii)
        """,  # noqa: S608  # nothing in it comes from outside
        "Entry {subject} of the quarantine has not the keys of what it is about ({uri}).",
    ),
    SqlRule(
        "entry_twice",
        "Keep the entry that was seen last, and resolve the other.",
        """
        SELECT MAX(q.id) AS subject, q.sha256 AS sha256, COALESCE(q.page_no, 0) AS page_no, COUNT(*) AS amount
        FROM quarantine AS q
        WHERE q.sha256 IS NOT NULL AND q.stage <> 'fetch'
        GROUP BY q.sha256, COALESCE(q.page_no, 0) HAVING COUNT(*) > 1
        """,
        "Quarantine has {amount} entries on page {page_no} of medium {sha256} (0: on all of it).",
    ),
)

"""The books of audits: when one was made, and what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from textmill.warehouse.tables import audit, audit_finding

_MOST_SUBJECT = 500


@dataclass(frozen=True)
class StoredFinding:
    """A disagreement, in the words of the table `audit_finding`."""

    rule: str
    subject: str
    message: str
    remedy: str
    of_rule: int


def start_audit(connection: Connection, now: datetime) -> int:
    """Open the books of an audit; returns its key."""
    return int(connection.execute(insert(audit).values(started_at=now)).lastrowid)


def finish_audit(
    connection: Connection,
    key: int,
    found: Sequence[StoredFinding],
    *,
    rules: int,
    findings: int,
    now: datetime,
) -> None:
    """Write down what an audit found, and that it came to its end."""
    if found:
        connection.execute(
            insert(audit_finding),
            [vars(one) | {"audit_id": key, "subject": one.subject[:_MOST_SUBJECT]} for one in found],
        )
    connection.execute(
        update(audit).where(audit.c.id == key).values(rules=rules, findings=findings, finished_at=now)
    )


def old_audits(connection: Connection, before: datetime) -> list[int]:
    """Return audits that began before a moment, without the latest one that came to its end."""
    latest = select(func.max(audit.c.id)).where(audit.c.finished_at.is_not(None))
    kept = connection.execute(latest).scalar_one()
    rows = connection.execute(
        select(audit.c.id).where(audit.c.started_at < before, audit.c.id != (kept or 0)).order_by(audit.c.id)
    )
    return list(rows.scalars())


def remove_audits(connection: Connection, keys: Sequence[int]) -> None:
    """Remove audits with their findings."""
    connection.execute(delete(audit).where(audit.c.id.in_(keys)))

"""Lines in doubt and in time: who read a line, what another engine read, and when it was seen."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _add(table: str, column: sa.Column[Any]) -> None:
    """Add a column unless it is there: each statement is committed, so a killed migration is half done."""
    if column.name not in {present["name"] for present in sa.inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)


def upgrade() -> None:
    _add("page", sa.Column("low_line_share", sa.Double(), comment="share of lines below 0.8"))
    _add(
        "page",
        # Text takes no default: pages that are there were read as they came.
        sa.Column("preprocessing", sa.Text(), comment="done to the picture before it was read"),
    )
    op.execute("UPDATE page SET preprocessing = '' WHERE preprocessing IS NULL")
    op.alter_column(
        "page",
        "preprocessing",
        existing_type=sa.Text(),
        existing_comment="done to the picture before it was read",
        nullable=False,
    )
    _add("document", sa.Column("confidence_low", sa.Double()))
    _add("document", sa.Column("low_line_share", sa.Double()))
    _add(
        "line",
        sa.Column("engine", sa.String(length=64), comment="who read it, where that is not the page's engine"),
    )
    _add(
        "line",
        sa.Column("other_engine", sa.String(length=64), comment="whose reading lost against this one"),
    )
    _add("line", sa.Column("other_text", sa.Text()))
    _add("line", sa.Column("other_confidence", sa.Double()))
    _add("line", sa.Column("start_ms", sa.BigInteger(), comment="in a video, from when on the line was seen"))
    _add("line", sa.Column("end_ms", sa.BigInteger()))


def downgrade() -> None:
    for column in ("end_ms", "start_ms", "other_confidence", "other_text", "other_engine", "engine"):
        op.drop_column("line", column)
    op.drop_column("document", "low_line_share")
    op.drop_column("document", "confidence_low")
    op.drop_column("page", "preprocessing")
    op.drop_column("page", "low_line_share")

"""The quality gate: pages with warnings, results by check; what became of each entry of the quarantine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from textmill.warehouse.migrations.steps import (
    MOMENT,
    add_columns,
    add_index,
    count_column,
    create_table,
    drop_columns,
    drop_index,
    drop_tables,
    set_comment,
    without_default,
)

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


_EARLIER_KEY = "uq_quality_result_ingest_run_id_batch_no_expectation_column_name"
_KEY = "uq_quality_result_ingest_run_id_batch_no_check_name_severity"


def upgrade() -> None:
    add_columns(
        "page",
        sa.Column(
            "quality",
            sa.String(16),
            nullable=False,
            server_default="accepted",
            comment="accepted or warning",
        ),
        sa.Column(
            "warnings",
            sa.String(500),
            nullable=False,
            server_default="",
            comment="checks that gave a warning, with commas",
        ),
    )
    without_default("page", "quality", "warnings")
    for table in ("ingest_run", "ingest_batch", "reading"):
        add_columns(table, count_column("pages_warned", "of pages_loaded"))
        without_default(table, "pages_warned")
    add_columns("ingest_batch", sa.Column("problem", sa.Text(), comment="why the batch failed, in words"))
    set_comment("ingest_batch", "state", "planned, fetched, reading, read, validated, held or loaded")
    _upgrade_results()
    add_columns(
        "quarantine",
        sa.Column("closed_at", MOMENT, comment="when it was resolved, ignored or gone"),
        sa.Column("note", sa.Text(), comment="what somebody wrote last about it"),
        sa.Column("text_read", sa.Text(), comment="the beginning of what was read on a refused page"),
        sa.Column("confidence", mysql.DOUBLE(asdecimal=False), comment="of the text that was read"),
    )
    op.execute("UPDATE quarantine SET closed_at = last_seen WHERE status <> 'open' AND closed_at IS NULL")
    create_table(
        "quarantine_event",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=True),
        sa.Column("quarantine_id", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column(
            "event",
            sa.String(16),
            nullable=False,
            comment="opened, refused_again, resolved, gone, ignored or reopened",
        ),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("ingest_run_id", sa.BigInteger(), comment="the run that did it; null: somebody"),
        sa.Column("note", sa.Text(), comment="what somebody wrote about it"),
        sa.ForeignKeyConstraint(
            ["quarantine_id"],
            ["quarantine.id"],
            name="fk_quarantine_event_quarantine_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ingest_run_id"],
            ["ingest_run.id"],
            name="fk_quarantine_event_ingest_run_id",
            ondelete="SET NULL",
        ),
        sa.Index("ix_quarantine_event_quarantine_id", "quarantine_id"),
        sa.Index("ix_quarantine_event_ingest_run_id", "ingest_run_id"),
    )


def _upgrade_results() -> None:
    add_columns(
        "quality_result",
        sa.Column("check_name", sa.String(64), comment="what the expectation looks for"),
        sa.Column(
            "severity",
            sa.String(16),
            nullable=False,
            server_default="critical",
            comment="warning or critical: what becomes of a page that fails it",
        ),
        count_column("element_count", "pages that were looked at"),
    )
    # Results of before have one expectation per column and no name for what it looked for.
    op.execute(
        "UPDATE quality_result SET check_name = LEFT(CONCAT_WS(' ', expectation, column_name), 64) "
        "WHERE check_name IS NULL"
    )
    op.alter_column(
        "quality_result",
        "check_name",
        existing_type=sa.String(64),
        existing_comment="what the expectation looks for",
        nullable=False,
    )
    without_default("quality_result", "severity", "element_count")
    # The foreign key needs an index at any time: the new one comes before the old one goes.
    add_index(_KEY, "quality_result", "ingest_run_id", "batch_no", "check_name", "severity", unique=True)
    drop_index(_EARLIER_KEY, "quality_result")


def downgrade() -> None:
    drop_tables("quarantine_event")
    drop_columns("quarantine", "closed_at", "note", "text_read", "confidence")
    op.execute("DELETE FROM quality_result")  # one expectation can stand there with two severities
    add_index(
        _EARLIER_KEY,
        "quality_result",
        "ingest_run_id",
        "batch_no",
        "expectation",
        "column_name",
        unique=True,
    )
    drop_index(_KEY, "quality_result")
    drop_columns("quality_result", "check_name", "severity", "element_count")
    drop_columns("ingest_batch", "problem")
    for table in ("ingest_run", "ingest_batch", "reading"):
        drop_columns(table, "pages_warned")
    drop_columns("page", "quality", "warnings")

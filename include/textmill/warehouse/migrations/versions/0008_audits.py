"""Audits: what staging area, checkpoints and warehouse disagree about."""

from __future__ import annotations

import sqlalchemy as sa

from textmill.warehouse.migrations.steps import MOMENT, create_table, drop_tables

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, comment="null while it goes on, or when it was killed"),
        sa.Column("rules", sa.Integer(), comment="how many were looked at; null: not finished"),
        sa.Column("findings", sa.Integer(), comment="how many disagreements there were; null: not finished"),
    )
    create_table(
        "audit_finding",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=True),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(64), nullable=False, comment="what does not hold"),
        sa.Column("subject", sa.String(500), nullable=False, comment="the row or file at which it does not"),
        sa.Column("message", sa.Text(), nullable=False, comment="what disagrees"),
        sa.Column("remedy", sa.Text(), nullable=False, comment="what to do about it"),
        sa.Column(
            "of_rule",
            sa.Integer(),
            nullable=False,
            comment="findings of this rule, of which the first are kept",
        ),
        sa.ForeignKeyConstraint(
            ["audit_id"], ["audit.id"], name="fk_audit_finding_audit_id", ondelete="CASCADE"
        ),
        sa.Index("ix_audit_finding_audit_id", "audit_id"),
    )


def downgrade() -> None:
    drop_tables("audit_finding", "audit")

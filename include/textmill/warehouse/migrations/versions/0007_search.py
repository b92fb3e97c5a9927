"""Search that forgives errors of reading: the words of all pages, and the short sequences they consist of."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from textmill.warehouse.migrations.steps import create_table, drop_tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "word",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=True),
        sa.Column("word", mysql.VARCHAR(40, collation="utf8mb4_bin"), nullable=False),
        sa.UniqueConstraint("word", name="uq_word_word"),
    )
    create_table(
        "word_gram",
        sa.Column("gram", mysql.VARCHAR(3, collation="utf8mb4_bin"), primary_key=True),
        sa.Column("word_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.ForeignKeyConstraint(["word_id"], ["word.id"], name="fk_word_gram_word_id", ondelete="CASCADE"),
        sa.Index("ix_word_gram_word_id", "word_id"),
    )


def downgrade() -> None:
    drop_tables("word_gram", "word")

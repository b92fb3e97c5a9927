"""Search: stop words count, Chinese, Japanese and Korean are found, errors of reading are forgiven.

The full-text index is built anew without stop words, which reads the table of pages twice: a million pages
take some minutes. Words and CJK pieces of the pages that are there are not made here but by the next loads,
which work off `word_backlog`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from textmill.warehouse.migrations.steps import (
    add_columns,
    create_table,
    drop_columns,
    drop_index,
    drop_tables,
    has_index,
)

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "word",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("word", mysql.VARCHAR(40, collation="utf8mb4_bin"), nullable=False, comment="folded"),
        sa.Column(
            "shape",
            mysql.VARCHAR(40, collation="utf8mb4_bin"),
            nullable=False,
            comment="the word with letters that look alike made the same",
        ),
        sa.Column("pages", sa.Integer(), nullable=False, comment="about how many pages have it; an estimate"),
        sa.UniqueConstraint("word", name="uq_word_word"),
        sa.Index("ix_word_shape", "shape"),
    )
    create_table(
        "word_gram",
        sa.Column("gram", mysql.VARCHAR(2, collation="utf8mb4_bin"), primary_key=True),
        sa.Column("place", mysql.TINYINT(), primary_key=True, autoincrement=False),
        sa.Column("length", mysql.TINYINT(), primary_key=True, autoincrement=False),
        sa.Column("word_id", sa.Integer(), primary_key=True, autoincrement=False),
    )
    create_table(
        "word_backlog",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("done_page_id", sa.BigInteger(), nullable=False),
        sa.Column("last_page_id", sa.BigInteger(), nullable=False),
    )
    op.execute(
        "INSERT IGNORE INTO word_backlog (id, done_page_id, last_page_id) "
        "SELECT 1, 0, MAX(id) FROM page HAVING MAX(id) IS NOT NULL"
    )
    add_columns(
        "page",
        sa.Column(
            "cjk",
            mysql.MEDIUMTEXT(charset="ascii", collation="ascii_bin"),
            comment="Chinese, Japanese and Korean text in pairs of letters, for search; null: has none",
        ),
    )
    if not has_index("page", "ft_page_cjk"):
        # Whether stop words count is decided when an index is built.
        op.execute("SET SESSION innodb_ft_enable_stopword = OFF")
        drop_index("ft_page_text", "page")
        op.execute("CREATE FULLTEXT INDEX ft_page_text ON page (text)")
        op.execute("CREATE FULLTEXT INDEX ft_page_cjk ON page (cjk)")


def downgrade() -> None:
    drop_index("ft_page_cjk", "page")
    drop_columns("page", "cjk")
    drop_tables("word_backlog", "word_gram", "word")

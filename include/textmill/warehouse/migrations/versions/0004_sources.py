"""Sources: what became of each location, how fast media are read, and media that are read in parts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from textmill.warehouse.migrations.steps import (
    ADDRESS,
    HASH,
    MOMENT,
    add_columns,
    add_index,
    count_column,
    create_table,
    set_comment,
    without_default,
)

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_columns(
        "media",
        sa.Column("next_try_at", MOMENT, comment="before this, what needs a retry waits; null: at once"),
        sa.Column(
            "claimed_reading", sa.BigInteger(), comment="the reading in parts that has it, instead of a batch"
        ),
    )
    _upgrade_locations()
    _upgrade_books()
    create_table(
        "source",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=True),
        sa.Column("name_hash", HASH, nullable=False, comment="SHA-256 of name"),
        sa.Column("name", sa.String(2000), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("location", ADDRESS, nullable=False),
        sa.Column("connection", sa.String(250), comment="id of the connection by which it is read"),
        sa.Column("listed_at", MOMENT, comment="start of the last complete listing"),
        sa.Column(
            "media_listed", sa.BigInteger(), nullable=False, server_default="0", comment="in that listing"
        ),
        sa.Column("ingest_run_id", sa.BigInteger()),
        sa.UniqueConstraint("name_hash", name="uq_source_name_hash"),
        sa.ForeignKeyConstraint(
            ["ingest_run_id"], ["ingest_run.id"], name="fk_source_ingest_run_id", ondelete="SET NULL"
        ),
        sa.Index("ix_source_ingest_run_id", "ingest_run_id"),
    )
    without_default("source", "media_listed")
    create_table(
        "pace",
        sa.Column("device", sa.String(64), primary_key=True),
        sa.Column("engine", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("pages", sa.Double(), nullable=False, comment="weighted: old batches fade"),
        sa.Column("seconds", sa.Double(), nullable=False, comment="of one slot, for these pages"),
        sa.Column("bytes", sa.Double(), nullable=False, comment="of the media with these pages"),
        sa.Column("measured_at", MOMENT, nullable=False),
    )
    _create_readings()
    create_table(
        "example_keyword_daily",
        sa.Column("day", sa.Date(), primary_key=True),
        # Words that differ by an accent are two words.
        sa.Column("keyword", mysql.VARCHAR(64, collation="utf8mb4_bin"), primary_key=True),
        sa.Column("documents", sa.Integer(), nullable=False, comment="loaded on that day that have the word"),
        sa.Column("occurrences", sa.Integer(), nullable=False),
    )


def _create_readings() -> None:
    create_table(
        "reading",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=True),
        sa.Column("ingest_run_id", sa.BigInteger(), nullable=False),
        sa.Column("uri_hash", HASH, nullable=False, comment="of the location at which the medium was found"),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("media_id", sa.BigInteger(), comment="once a part was claimed"),
        sa.Column(
            "outcome",
            sa.String(16),
            comment="loaded, unchanged, quarantined or opened; null: not all read",
        ),
        sa.Column("pages_loaded", sa.Integer(), nullable=False),
        sa.Column("pages_quarantined", sa.Integer(), nullable=False),
        sa.Column("confidence_sum", sa.Double(), nullable=False, comment="of pages_with_text"),
        sa.Column("pages_with_text", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ingest_run_id"], ["ingest_run.id"], name="fk_reading_ingest_run_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_reading_media_id"),
        sa.UniqueConstraint("ingest_run_id", "uri_hash", name="uq_reading_ingest_run_id_uri_hash"),
        sa.Index("ix_reading_media_id", "media_id"),
    )
    create_table(
        "reading_part",
        sa.Column("reading_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("part", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("batch_no", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.String(16),
            comment="read, opened, unchanged or rejected; null until it is fetched",
        ),
        sa.Column("read_at", MOMENT, comment="null until the part is read and judged"),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["reading.id"], name="fk_reading_part_reading_id", ondelete="CASCADE"
        ),
    )


def _upgrade_locations() -> None:
    table = "media_location"
    for name in ("bytes", "modified_ns"):
        op.alter_column(table, name, existing_type=sa.BigInteger(), nullable=True)
    op.alter_column(table, "etag", existing_type=sa.String(255), type_=sa.String(512))
    add_columns(
        table,
        sa.Column("last_modified", sa.String(64), comment="header of a URL's answer"),
        sa.Column("tags", sa.JSON(), comment="of the source and of the manifest"),
        count_column("failures", "in a row, before anything was fetched"),
        sa.Column("next_try_at", MOMENT, comment="before this, what failed here waits; null: at once"),
        sa.Column(
            "change",
            sa.String(16),
            nullable=False,
            server_default="new",
            comment="new, changed, moved, copied, reappeared, deleted",
        ),
        sa.Column("changed_at", MOMENT),
        sa.Column("moved_from", sa.BigInteger(), comment="the location at which the content was before"),
        sa.Column("deleted_at", MOMENT, comment="when a complete listing did not name it any more"),
    )
    op.execute("UPDATE media_location SET changed_at = first_seen WHERE changed_at IS NULL")
    op.alter_column(table, "changed_at", existing_type=MOMENT, nullable=False)
    op.alter_column(
        table,
        "last_seen",
        existing_type=MOMENT,
        existing_nullable=False,
        comment="or later: see source.listed_at",
    )
    without_default(table, "failures", "change")
    add_index("ix_media_location_uri", table, "uri", length=255)
    add_index("ix_media_location_source", table, "source", length=191)


def _upgrade_books() -> None:
    op.alter_column(
        "ingest_run",
        "state",
        existing_type=sa.String(16),
        existing_nullable=False,
        comment="running, success, failed or dry_run",
    )
    add_columns(
        "ingest_run",
        sa.Column("interval_start", MOMENT, comment="only media modified from here on; null for all"),
        sa.Column("interval_end", MOMENT, comment="only media modified before this"),
        count_column("media_refused", "already when they were discovered"),
        count_column("media_waiting", "of media_unchanged: failed lately"),
        count_column("media_reappeared", "of media_unchanged"),
        count_column("media_deleted", "locations that are gone"),
        sa.Column("estimated_seconds", sa.Double(), comment="of one slot, by the plan"),
        sa.Column("problem", sa.Text(), comment="what did not get through, in words"),
    )
    without_default("ingest_run", "media_refused", "media_waiting", "media_reappeared", "media_deleted")
    add_columns(
        "ingest_batch",
        sa.Column("engine", sa.String(64)),
        sa.Column("device", sa.String(64), comment="on which the batch was read"),
    )
    add_columns(
        "quarantine",
        sa.Column("next_try_at", MOMENT, comment="when it is tried again by itself; null: at once, or never"),
    )
    set_comment("quarantine", "status", "open, resolved, gone or ignored")
    set_comment("quarantine", "batch_no", "-1: refused before there were batches")


def downgrade() -> None:
    for table in ("example_keyword_daily", "reading_part", "reading", "pace", "source"):
        op.drop_table(table)
    op.execute("UPDATE quarantine SET status = 'resolved' WHERE status = 'gone'")
    op.drop_column("quarantine", "next_try_at")
    for name in ("engine", "device"):
        op.drop_column("ingest_batch", name)
    for name in (
        "interval_start",
        "interval_end",
        "media_refused",
        "media_waiting",
        "media_reappeared",
        "media_deleted",
        "estimated_seconds",
        "problem",
    ):
        op.drop_column("ingest_run", name)
    op.drop_index("ix_media_location_source", "media_location")
    op.drop_index("ix_media_location_uri", "media_location")
    for name in (
        "last_modified",
        "tags",
        "failures",
        "next_try_at",
        "change",
        "changed_at",
        "moved_from",
        "deleted_at",
    ):
        op.drop_column("media_location", name)
    # Addresses without size and time are those of URLs, which the schema before does not know.
    for name in ("bytes", "modified_ns"):
        op.execute(f"UPDATE media_location SET {name} = 0 WHERE {name} IS NULL")
        op.alter_column("media_location", name, existing_type=sa.BigInteger(), nullable=False)
    op.alter_column("media_location", "etag", existing_type=sa.String(512), type_=sa.String(255))
    op.drop_column("media", "next_try_at")
    op.drop_column("media", "claimed_reading")

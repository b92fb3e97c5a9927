"""The first warehouse"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ingest_run",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column(
            "run_id", mysql.VARCHAR(charset="ascii", collation="ascii_bin", length=250), nullable=False
        ),
        sa.Column("source", sa.String(length=2000), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="running, success or failed"),
        sa.Column("started_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("finished_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.Column("media_found", sa.Integer(), nullable=False),
        sa.Column("media_unchanged", sa.Integer(), nullable=False),
        sa.Column("media_loaded", sa.Integer(), nullable=False),
        sa.Column("media_quarantined", sa.Integer(), nullable=False),
        sa.Column("pages_loaded", sa.Integer(), nullable=False),
        sa.Column("pages_quarantined", sa.Integer(), nullable=False),
        sa.Column("batches", sa.Integer(), nullable=True, comment="null until the run is planned"),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_run")),
        sa.UniqueConstraint("run_id", name=op.f("uq_ingest_run_run_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "media",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("sha256", mysql.VARCHAR(charset="ascii", collation="ascii_bin", length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("mime", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column(
            "status", sa.String(length=16), nullable=False, comment="claimed, loaded, partial or quarantined"
        ),
        sa.Column("needs_retry", sa.Boolean(), nullable=False, comment="a refusal that may not happen again"),
        sa.Column(
            "claimed_run", mysql.VARCHAR(charset="ascii", collation="ascii_bin", length=250), nullable=True
        ),
        sa.Column("claimed_batch", sa.Integer(), nullable=True),
        sa.Column("claimed_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.Column("first_seen", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("loaded_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("sha256", name=op.f("uq_media_sha256")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "document",
        sa.Column("media_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "text", mysql.LONGTEXT(), nullable=False, comment="all accepted pages, separated by form feeds"
        ),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_document_media_id")),
        sa.PrimaryKeyConstraint("media_id", name=op.f("pk_document")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "ingest_batch",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("ingest_run_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.String(length=16),
            nullable=False,
            comment="planned, fetched, reading, read, validated, loaded",
        ),
        sa.Column("estimated_seconds", sa.Double(), nullable=False),
        sa.Column("media_total", sa.Integer(), nullable=False),
        sa.Column("media_unchanged", sa.Integer(), nullable=False),
        sa.Column("media_loaded", sa.Integer(), nullable=False),
        sa.Column("media_quarantined", sa.Integer(), nullable=False),
        sa.Column("pages_total", sa.Integer(), nullable=False),
        sa.Column("pages_done", sa.Integer(), nullable=False),
        sa.Column("pages_loaded", sa.Integer(), nullable=False),
        sa.Column("pages_quarantined", sa.Integer(), nullable=False),
        sa.Column("confidence_sum", sa.Double(), nullable=False, comment="of pages_with_text"),
        sa.Column("pages_with_text", sa.Integer(), nullable=False),
        sa.Column("ocr_started_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.Column("ocr_finished_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.Column("loaded_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.ForeignKeyConstraint(
            ["ingest_run_id"],
            ["ingest_run.id"],
            name=op.f("fk_ingest_batch_ingest_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_batch")),
        sa.UniqueConstraint("ingest_run_id", "batch_no", name=op.f("uq_ingest_batch_ingest_run_id_batch_no")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "media_location",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column(
            "uri_hash",
            mysql.VARCHAR(charset="ascii", collation="ascii_bin", length=64),
            nullable=False,
            comment="SHA-256 of uri",
        ),
        sa.Column("uri", mysql.VARCHAR(charset="ascii", collation="ascii_bin", length=16000), nullable=False),
        sa.Column("media_id", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(length=2000), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("etag", sa.String(length=255), nullable=True),
        sa.Column("refused", sa.Boolean(), nullable=False, comment="these bytes were refused for good"),
        sa.Column("first_seen", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("last_seen", mysql.DATETIME(fsp=6), nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_media_location_media_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_location")),
        sa.UniqueConstraint("uri_hash", name=op.f("uq_media_location_uri_hash")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_media_location_media_id"), "media_location", ["media_id"], unique=False)
    op.create_table(
        "page",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("media_id", sa.BigInteger(), nullable=False),
        sa.Column("page_no", sa.Integer(), nullable=False),
        sa.Column("text", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("confidence_low", sa.Double(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("dpi", sa.Integer(), nullable=True),
        sa.Column("rotation", sa.SmallInteger(), nullable=False),
        sa.Column("ink", sa.Double(), nullable=False, comment="share of dark pixels"),
        sa.Column(
            "text_source", sa.String(length=16), nullable=False, comment="ocr, text_layer or text_file"
        ),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=True),
        sa.Column("end_ms", sa.BigInteger(), nullable=True),
        sa.Column("ingest_run_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=False),
        sa.Column("loaded_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.ForeignKeyConstraint(["ingest_run_id"], ["ingest_run.id"], name=op.f("fk_page_ingest_run_id")),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_page_media_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page")),
        sa.UniqueConstraint("media_id", "page_no", name=op.f("uq_page_media_id_page_no")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
        mysql_engine="InnoDB",
    )
    op.create_index(
        "ft_page_text", "page", ["text"], unique=False, mysql_prefix="FULLTEXT", mariadb_prefix="FULLTEXT"
    )
    op.create_index(op.f("ix_page_ingest_run_id"), "page", ["ingest_run_id"], unique=False)
    op.create_table(
        "quality_result",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("ingest_run_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=False),
        sa.Column("expectation", sa.String(length=128), nullable=False),
        sa.Column("column_name", sa.String(length=128), nullable=False),
        sa.Column("observed", sa.Text(), nullable=False),
        sa.Column("unexpected_count", sa.Integer(), nullable=False),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("measured_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.ForeignKeyConstraint(
            ["ingest_run_id"],
            ["ingest_run.id"],
            name=op.f("fk_quality_result_ingest_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_result")),
        sa.UniqueConstraint(
            "ingest_run_id",
            "batch_no",
            "expectation",
            "column_name",
            name=op.f("uq_quality_result_ingest_run_id_batch_no_expectation_column_name"),
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column(
            "entry_key",
            mysql.VARCHAR(charset="ascii", collation="ascii_bin", length=64),
            nullable=False,
            comment="SHA-256 of medium (or uri) and page",
        ),
        sa.Column("sha256", mysql.VARCHAR(charset="ascii", collation="ascii_bin", length=64), nullable=True),
        sa.Column(
            "uri_hash", mysql.VARCHAR(charset="ascii", collation="ascii_bin", length=64), nullable=False
        ),
        sa.Column("uri", mysql.VARCHAR(charset="ascii", collation="ascii_bin", length=16000), nullable=False),
        sa.Column("page_no", sa.Integer(), nullable=True),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False, comment="open, resolved or ignored"),
        sa.Column("first_seen", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("last_seen", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("ingest_run_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ingest_run_id"], ["ingest_run.id"], name=op.f("fk_quarantine_ingest_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("entry_key", name=op.f("uq_quarantine_entry_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_quarantine_ingest_run_id"), "quarantine", ["ingest_run_id"], unique=False)
    op.create_index(op.f("ix_quarantine_reason"), "quarantine", ["reason"], unique=False)
    op.create_index(op.f("ix_quarantine_sha256"), "quarantine", ["sha256"], unique=False)
    op.create_index(op.f("ix_quarantine_uri_hash"), "quarantine", ["uri_hash"], unique=False)
    op.create_table(
        "line",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("page_id", sa.BigInteger(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column(
            "polygon", sa.JSON(), nullable=False, comment="[[x, y], …] in pixels, clockwise from the top left"
        ),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_line_page_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line")),
        sa.UniqueConstraint("page_id", "line_no", name=op.f("uq_line_page_id_line_no")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    op.drop_table("line")
    op.drop_index(op.f("ix_quarantine_uri_hash"), table_name="quarantine")
    op.drop_index(op.f("ix_quarantine_sha256"), table_name="quarantine")
    op.drop_index(op.f("ix_quarantine_reason"), table_name="quarantine")
    op.drop_index(op.f("ix_quarantine_ingest_run_id"), table_name="quarantine")
    op.drop_table("quarantine")
    op.drop_table("quality_result")
    op.drop_index(op.f("ix_page_ingest_run_id"), table_name="page")
    op.drop_index("ft_page_text", table_name="page", mysql_prefix="FULLTEXT", mariadb_prefix="FULLTEXT")
    op.drop_table("page")
    op.drop_index(op.f("ix_media_location_media_id"), table_name="media_location")
    op.drop_table("media_location")
    op.drop_table("ingest_batch")
    op.drop_table("document")
    op.drop_table("media")
    op.drop_table("ingest_run")

"""Archives: which of them a location lies in, and how many media of a batch were found in some."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "media_location", sa.Column("archive_id", sa.BigInteger(), comment="the archive it lies in")
    )
    op.create_index("ix_media_location_archive_id", "media_location", ["archive_id"])
    op.create_foreign_key("fk_media_location_archive_id", "media_location", "media", ["archive_id"], ["id"])
    op.add_column(
        "ingest_run",
        sa.Column(
            "media_discovered",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="in the source, archives counting as one",
        ),
    )
    op.execute("UPDATE ingest_run SET media_discovered = media_found")
    op.alter_column(
        "ingest_run",
        "media_discovered",
        existing_type=sa.Integer(),
        existing_nullable=False,
        existing_comment="in the source, archives counting as one",
        server_default=None,
    )
    op.alter_column(
        "ingest_run",
        "media_found",
        existing_type=sa.Integer(),
        existing_nullable=False,
        comment="with the members of archives that were opened",
    )
    op.alter_column(
        "ingest_batch",
        "media_total",
        existing_type=sa.Integer(),
        existing_nullable=False,
        comment="with media_members",
    )
    op.add_column(
        "ingest_batch",
        sa.Column(
            "media_members", sa.Integer(), nullable=False, server_default="0", comment="found in archives"
        ),
    )
    op.alter_column(
        "ingest_batch",
        "media_members",
        existing_type=sa.Integer(),
        existing_nullable=False,
        existing_comment="found in archives",
        server_default=None,
    )


def downgrade() -> None:
    op.drop_column("ingest_batch", "media_members")
    op.drop_column("ingest_run", "media_discovered")
    op.drop_constraint("fk_media_location_archive_id", "media_location", type_="foreignkey")
    op.drop_index("ix_media_location_archive_id", "media_location")
    op.drop_column("media_location", "archive_id")

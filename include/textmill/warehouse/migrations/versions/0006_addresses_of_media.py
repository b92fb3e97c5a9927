"""The address by which the views call a medium, kept on its row; indexes for what analysts ask."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from textmill.warehouse.migrations.steps import HASH, add_columns, add_index, drop_columns, drop_index

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_media_location_id": ("media", "location_id"),
    "ix_media_kind_loaded_at": ("media", "kind", "loaded_at"),
    "ix_media_loaded_at": ("media", "loaded_at"),
    "ix_media_location_source_hash_deleted_at": ("media_location", "source_hash", "deleted_at"),
    "ix_media_location_changed_at": ("media_location", "changed_at"),
    "ix_page_loaded_at": ("page", "loaded_at"),
    "ix_page_confidence_low": ("page", "confidence_low"),
    "ix_page_quality_loaded_at": ("page", "quality", "loaded_at"),
}


def upgrade() -> None:
    add_columns(
        "media", sa.Column("location_id", sa.BigInteger(), comment="the address by which views call it")
    )
    op.execute(
        "UPDATE media SET location_id = ("
        "SELECT seen.id FROM media_location AS seen WHERE seen.media_id = media.id "
        "ORDER BY seen.deleted_at IS NOT NULL, seen.deleted_at DESC, seen.id LIMIT 1)"
    )
    comment = "SHA-256 of source: source.name_hash"
    add_columns("media_location", sa.Column("source_hash", HASH, comment=comment))
    op.execute("UPDATE media_location SET source_hash = SHA2(source, 256) WHERE source_hash IS NULL")
    op.alter_column(
        "media_location", "source_hash", existing_type=HASH, existing_comment=comment, nullable=False
    )
    for name, (table, *columns) in _INDEXES.items():
        add_index(name, table, *columns)


def downgrade() -> None:
    for name, (table, *_) in _INDEXES.items():
        drop_index(name, table)
    drop_columns("media_location", "source_hash")
    drop_columns("media", "location_id")

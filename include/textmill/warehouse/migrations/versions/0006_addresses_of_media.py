"""The address by which the views call a medium, kept on its row; indexes for what analysts ask."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from textmill.warehouse.migrations.steps import add_columns, add_index, drop_columns, drop_index

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_columns(
        "media", sa.Column("location_id", sa.BigInteger(), comment="the address by which views call it")
    )
    op.execute(
        "UPDATE media SET location_id = ("
        "SELECT seen.id FROM media_location AS seen WHERE seen.media_id = media.id "
        "ORDER BY seen.deleted_at IS NOT NULL, seen.deleted_at DESC, seen.id LIMIT 1)"
    )
    add_index("ix_media_location_id", "media", "location_id")


def downgrade() -> None:
    drop_index("ix_media_location_id", "media")
    drop_columns("media", "location_id")

"""Indexes by which a day's rows are found for exports."""

from __future__ import annotations

from textmill.warehouse.migrations.steps import add_index, drop_index

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_index("ix_page_loaded_at", "page", "loaded_at")
    add_index("ix_media_loaded_at", "media", "loaded_at")


def downgrade() -> None:
    drop_index("ix_media_loaded_at", "media")
    drop_index("ix_page_loaded_at", "page")

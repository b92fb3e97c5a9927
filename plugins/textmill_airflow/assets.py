"""The assets by which other DAGs follow Textmill, and by which Textmill follows a folder. Cheap to import."""

from __future__ import annotations

from airflow.sdk import Asset

MEDIA_TEXT = Asset("textmill/media_text", uri="x-textmill://warehouse/media_text", group="textmill")
"""Text that arrived in the warehouse: one event per run that loaded something.

The event's extra says what: `run_id`, `source`, `media_loaded`, `media_quarantined`, `pages_loaded`.
"""

INBOX_NAME = "textmill/inbox"


def inbox(folder: str, *, quiet_seconds: float) -> Asset:
    """Return the asset that has an event whenever new files have settled in a folder.

    Its events need a triggerer, in which the folder is watched.

    Args:
        folder: an absolute path.
        quiet_seconds: how long nothing may change before the files count as written.
    """
    from airflow.sdk import AssetWatcher

    from textmill_airflow.triggers import FolderTrigger

    trigger = FolderTrigger(folder=folder, quiet_seconds=quiet_seconds)
    return Asset(
        INBOX_NAME,
        uri="x-textmill://inbox",
        group="textmill",
        watchers=[AssetWatcher(name="inbox_folder", trigger=trigger)],
    )

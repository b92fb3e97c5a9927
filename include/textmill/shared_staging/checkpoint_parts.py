"""The checkpoint of a batch in an object store, which can append to nothing: in parts."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from textmill.object_folder import ObjectFolder


def bring_checkpoint(parts: ObjectFolder, path: Path) -> None:
    """Write the checkpoint to a file as far as other machines told; no file when nothing was told."""
    raise NotImplementedError


class PublishedCheckpoint:
    """Sends what is appended to a checkpoint. Satisfies `textmill.staging.CheckpointPublisher`.

    Args:
        parts: where the parts of this checkpoint lie.
        path: the file, as `bring_checkpoint` left it; another process appends to it, or starts it anew.
        seconds: longest time for which a line is only here.
    """

    def __init__(self, parts: ObjectFolder, path: Path, seconds: float) -> None:
        raise NotImplementedError

    def __enter__(self) -> PublishedCheckpoint:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what is left; raises StoreUnavailable if that cannot be done and nothing worse happened."""

    def note_progress(self) -> None:
        """Take note that something was appended."""

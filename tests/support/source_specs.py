"""Sources for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textmill.records import SourceKind, SourceSpec


def folder_spec(folder: Path, **changes: Any) -> SourceSpec:
    """A local folder, named by its address as if somebody had typed it."""
    uri = folder.absolute().as_uri()
    return SourceSpec(**{"name": uri, "kind": SourceKind.FOLDER, "location": uri} | changes)

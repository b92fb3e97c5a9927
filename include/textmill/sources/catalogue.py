"""The catalogue of sources."""

from __future__ import annotations

from pathlib import Path


def catalogue_names(path: Path) -> tuple[str, ...]:
    """Return the names of the catalogue's sources; never raises."""
    return ()


def schedules(path: Path) -> dict[str, str]:
    """Return the cron expression of each schedule by its name; never raises."""
    return {"nightly": "0 0 * * *"}

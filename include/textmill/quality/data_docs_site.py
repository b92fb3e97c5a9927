"""Where the reports of the quality gate lie: a site per run, with a page per batch.

    <settings.data_docs>/<run>/index.html         the run
    <settings.data_docs>/<run>/batch-0003.html    batch 3 of it

Imports nothing heavy: the web server asks here for what it shows.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

from textmill.settings import Settings

_LONGEST_NAME = 80
_SITE = re.compile(r"[A-Za-z0-9_-]*\.([0-9a-f]{64})")


def location(settings: Settings) -> str:
    """Return the folder, or the URI of the place in an object store, below which the sites lie."""
    if settings.data_docs:
        return settings.data_docs
    if settings.staging_store:
        return f"{settings.staging_store.rstrip('/')}/data_docs"
    return str((settings.staging_dir / "data_docs").absolute())


def connection(settings: Settings) -> str | None:
    """Return the connection by which `location` is opened; None: what the machine has."""
    own = settings.data_docs_connection
    return own or (settings.staging_connection if not settings.data_docs else "") or None


def run_page(run_id: str) -> PurePosixPath:
    """Return the path of a run's page below `location`. Of letters, digits, `_`, `.` and `-` only."""
    # Two ids may differ in nothing but what is replaced; and from the hash, retention finds the run's books.
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", run_id)[:_LONGEST_NAME]
    return PurePosixPath(f"{name}.{hashlib.sha256(run_id.encode()).hexdigest()}", "index.html")


def run_hash(site: str) -> str | None:
    """Return the SHA-256 of the run whose site has this name; None for what is no site."""
    match = _SITE.fullmatch(site)
    return match and match[1]


def batch_page(run_id: str, batch_no: int) -> PurePosixPath:
    """Return the path of a batch's page below `location`; it is there once the batch is validated."""
    return run_page(run_id).with_name(f"batch-{batch_no:04d}.html")

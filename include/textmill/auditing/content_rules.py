"""Rules on the content store: what is needed is there, and it is what its name says."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select

from textmill.auditing.rule import Audited, Finding
from textmill.fetching.content_store import ContentStore
from textmill.warehouse.tables import media, quarantine

_FETCH_AGAIN = "Try the entry in quarantine again, by its reason or source: that fetches the file anew."


class NeededContent:
    """Of what is in quarantine, the original bytes are reachable."""

    remedies: Mapping[str, str] = {"content_missing": _FETCH_AGAIN}

    def look(self, audited: Audited) -> Iterator[Finding]:
        """Yield contents that are needed and not there. Asked twice: loading removes what is through."""
        store = ContentStore(audited.staging.content)
        with audited.warehouse.connect() as connection:
            rows = connection.execution_options(stream_results=True, yield_per=1000).execute(_needed())
            missing = [sha256 for sha256 in rows.scalars() if not store.path(sha256).exists()]
        for sha256 in missing:
            with audited.warehouse.connect() as connection:
                still = connection.execute(_needed().where(media.c.sha256 == sha256)).first()
            if still is not None and not store.path(sha256).exists():
                yield Finding(
                    "content_missing",
                    sha256,
                    f"Medium {sha256} has an open entry in quarantine, but no copy {store.path(sha256)}.",
                )


def _needed() -> Select[Any]:
    return (
        select(media.c.sha256)
        .join(quarantine, quarantine.c.sha256 == media.c.sha256)
        .where(
            quarantine.c.status == "open",
            quarantine.c.stage.in_(("ocr", "validate")),
            media.c.status.in_(("partial", "quarantined")),
        )
        .distinct()
    )


class DamagedContent:
    """The bytes of a copy have the SHA-256 that is its name."""

    remedies: Mapping[str, str] = {
        "content_damaged": "Check the disk. Delete the file; then clear the fetch task of the batch that "
        "needs it, or try its entry in quarantine again."
    }

    def look(self, audited: Audited) -> Iterator[Finding]:
        """Yield copies that are something else than they should be; of all, or of a sample."""
        for path in _sample(ContentStore(audited.staging.content).copies(), audited.sample_content):
            with suppress(FileNotFoundError):  # loaded meanwhile, and removed
                if _sha256(path) != path.name:
                    yield Finding(
                        "content_damaged",
                        path.name,
                        f"The bytes of {path} do not have the hash that is its name.",
                    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sample(paths: Iterator[Path], most: int | None) -> list[Path] | Iterator[Path]:
    """Return so many of the paths, each with the same chance, or all of them.

    Reservoir sampling, algorithm R: Vitter, Random sampling with a reservoir, ACM TOMS 11 (1985).
    """
    if most is None:
        return paths
    kept: list[Path] = []
    for number, path in enumerate(paths):
        if number < most:
            kept.append(path)
        elif (place := random.randrange(number + 1)) < most:  # noqa: S311  # no secret hangs on it
            kept[place] = path
    return kept

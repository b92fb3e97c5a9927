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
from textmill.fetching.content_store import StoredCopy
from textmill.warehouse.tables import media, quarantine

_FETCH_AGAIN = "Try the entry in quarantine again, by its reason or source: that fetches the file anew."


class NeededContent:
    """Of what is in quarantine, the original bytes are reachable."""

    remedies: Mapping[str, str] = {"content_missing": _FETCH_AGAIN}

    def look(self, audited: Audited) -> Iterator[Finding]:
        """Yield contents that are needed and not there. Asked twice: loading removes what is through."""
        store = audited.staging.content_store()
        with audited.warehouse.connect() as connection:
            in_order = _needed().order_by(media.c.sha256)
            rows = connection.execution_options(stream_results=True, yield_per=1000).execute(in_order)
            missing = list(store.missing(rows.scalars()))
        for sha256 in missing:
            with audited.warehouse.connect() as connection:
                still = connection.execute(_needed().where(media.c.sha256 == sha256)).first()
            if still is not None and store.find(sha256) is None:
                yield Finding(
                    "content_missing",
                    sha256,
                    f"Medium {sha256} has an open entry in quarantine, but no copy {store.where(sha256)}.",
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
        store = audited.staging.content_store()
        for copy in _sample(store.copies(), audited.sample_content):
            # Loaded meanwhile, and removed: not at hand, or gone before it is opened.
            with suppress(FileNotFoundError), store.at_hand(copy.name) as path:
                if path is not None and _sha256(path) != copy.name:
                    yield Finding(
                        "content_damaged",
                        copy.name,
                        f"The bytes of {store.where(copy.name)} do not have the hash that is its name.",
                    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sample(copies: Iterator[StoredCopy], most: int | None) -> list[StoredCopy] | Iterator[StoredCopy]:
    """Return so many of the copies, each with the same chance, or all of them.

    Reservoir sampling, algorithm R: Vitter, Random sampling with a reservoir, ACM TOMS 11 (1985).
    """
    if most is None:
        return copies
    kept: list[StoredCopy] = []
    for number, copy in enumerate(copies):
        if number < most:
            kept.append(copy)
        elif (place := random.randrange(number + 1)) < most:  # noqa: S311  # no secret hangs on it
            kept[place] = copy
    return kept

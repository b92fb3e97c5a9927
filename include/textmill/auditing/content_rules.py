"""Rules on the content store: what is needed is there, and it is what its name says."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Select, select

from textmill.auditing.rule import Audited, Finding
from textmill.kept_copies import KeptCopies
from textmill.warehouse.tables import media, quarantine

T = TypeVar("T")

_FETCH_AGAIN = "Try the entry in quarantine again, by its reason or source: that fetches the file anew."


class NeededContent:
    """Of what is in quarantine, the original bytes are reachable."""

    remedies: Mapping[str, str] = {"content_missing": _FETCH_AGAIN}

    def look(self, audited: Audited) -> Iterator[Finding]:
        """Yield contents that are needed and not there. Asked twice: loading removes what is through."""
        copies = audited.staging.kept_copies()
        in_order = _needed().order_by(media.c.sha256)
        with audited.warehouse.connect() as connection:
            rows = connection.execution_options(stream_results=True, yield_per=1000).execute(in_order)
            missing = list(copies.missing(rows.scalars()))
        for sha256 in missing:
            with audited.warehouse.connect() as connection:
                still = connection.execute(_needed().where(media.c.sha256 == sha256)).first()
            if still is not None and copies.find(sha256) is None:
                yield Finding(
                    "content_missing",
                    sha256,
                    f"Medium {sha256} has an open entry in quarantine, but no copy {copies.place(sha256)}.",
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
        copies = audited.staging.kept_copies()
        for copy in _sample(copies.copies(), audited.sample_content):
            with suppress(FileNotFoundError):  # loaded meanwhile, and removed
                if _hash_of(copies, copy.sha256) != copy.sha256:
                    yield Finding(
                        "content_damaged",
                        copy.sha256,
                        f"The bytes of {copies.place(copy.sha256)} do not have the hash that is its name.",
                    )


def _hash_of(copies: KeptCopies, sha256: str) -> str:
    digest = hashlib.sha256()
    for chunk in copies.chunks(sha256):
        digest.update(chunk)
    return digest.hexdigest()


def _sample(values: Iterator[T], most: int | None) -> list[T] | Iterator[T]:
    """Return so many of the values, each with the same chance, or all of them.

    Reservoir sampling, algorithm R: Vitter, Random sampling with a reservoir, ACM TOMS 11 (1985).
    """
    if most is None:
        return values
    kept: list[T] = []
    for number, value in enumerate(values):
        if number < most:
            kept.append(value)
        elif (place := random.randrange(number + 1)) < most:  # noqa: S311  # no secret hangs on it
            kept[place] = value
    return kept

"""Keys under which addresses and quarantine entries are unique."""

from __future__ import annotations

import hashlib

from textmill.records import Stage


def uri_hash(uri: str) -> str:
    """Return the SHA-256 of an address; addresses are longer than an index key may be."""
    return hashlib.sha256(uri.encode()).hexdigest()


def name_hash(name: str) -> str:
    """Return the SHA-256 of the name of a source: it tells upper from lower case, a collation does not."""
    return hashlib.sha256(name.encode()).hexdigest()


def uri_digest(uri: str) -> bytes:
    """Return the first half of the same hash, as bytes: what a set of millions of addresses holds."""
    return hashlib.sha256(uri.encode()).digest()[:16]


def entry_key(uri: str, sha256: str | None, page_no: int | None, stage: Stage) -> str:
    """Return the key of a quarantine entry: the medium and the page.

    What was refused before it was opened goes by its address: two files with the same bad bytes are two
    entries, since each may be mended or removed alone.
    """
    medium = uri if sha256 is None or stage is Stage.FETCH else sha256
    return hashlib.sha256(f"{medium}\n{page_no or 0}".encode()).hexdigest()

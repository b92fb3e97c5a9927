"""Keys under which addresses and quarantine entries are unique."""

from __future__ import annotations

import hashlib


def uri_hash(uri: str) -> str:
    """Return the SHA-256 of an address; addresses are longer than an index key may be."""
    return hashlib.sha256(uri.encode()).hexdigest()


def entry_key(uri: str, sha256: str | None, page_no: int | None) -> str:
    """Return the key of a quarantine entry: the medium (or, never hashed, its address) and the page."""
    medium = sha256 or uri
    return hashlib.sha256(f"{medium}\n{page_no or 0}".encode()).hexdigest()

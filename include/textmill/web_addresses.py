"""What an address tells by itself: whether it is one of the web, and whether it gives a login away."""

from __future__ import annotations

from urllib.parse import SplitResult


def is_web(address: str) -> bool:
    """Whether the address is of the scheme http or https."""
    return address[:8].lower().startswith(("http://", "https://"))


def holds_login(parts: SplitResult) -> bool:
    """Whether an address, taken apart by `urlsplit`, has a user or password in it that belongs elsewhere.

    `s3://ID@bucket` names a connection by its id, and `abfs://container@account…` an account: these may stay.
    """
    return bool(parts.password or (parts.username and parts.scheme in ("http", "https")))

"""What a server's answer says, without any network: pure functions over statuses and header fields."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed a little later."""

_CONTENT_RANGE = re.compile(r"bytes\s+(?:(\d{1,19})-(\d{1,19})|\*)/(\d{1,19}|\*)", re.ASCII | re.IGNORECASE)
_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 30.0
_LONGEST_ETAG = 512
_LONGEST_DATE = 64


@dataclass(frozen=True)
class ContentRange:
    """The field Content-Range (RFC 9110, 14.4): from byte `first` to byte `last` of `complete` bytes.

    `first` and `last` are None where no part is given (416), `complete` where the server does not know.
    """

    first: int | None
    last: int | None
    complete: int | None


def content_range(field: str | None) -> ContentRange | None:
    """Parse Content-Range; None where it is absent or makes no sense."""
    found = _CONTENT_RANGE.fullmatch((field or "").strip())
    if found is None:
        return None
    first, last, complete = (int(part) if part and part.isdigit() else None for part in found.groups())
    if first is not None and last is not None:
        if first > last or (complete is not None and last >= complete):
            return None
    elif complete is None:
        return None
    return ContentRange(first, last, complete)


def retry_after(field: str | None, now: datetime) -> float | None:
    """Return the seconds that a server asks to wait (RFC 9110, 10.2.3); None where it says nothing sensible.

    Args:
        now: the present, with a time zone.
    """
    text = (field or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    date = http_date(text)
    return None if date is None else max(0.0, (date - now).total_seconds())


def http_date(field: str | None) -> datetime | None:
    """Parse a date of HTTP (RFC 9110, 5.6.7) into UTC; None where it is none."""
    try:
        date = parsedate_to_datetime(field or "")
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def modified_ns(last_modified: str | None) -> int | None:
    """Return the time of the field Last-Modified in nanoseconds since 1970, or None."""
    date = http_date(last_modified)
    return None if date is None or date.year < 1970 else int(date.timestamp()) * 1_000_000_000


@dataclass(frozen=True)
class Validators:
    """By what a later request can tell whether it is still the same content (RFC 9110, 8.8)."""

    etag: str | None = None
    last_modified: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Validators:
        """Read them out of an answer; what the warehouse has no room for is left out."""
        etag, date = headers.get("ETag"), headers.get("Last-Modified")
        return cls(
            etag if etag and len(etag) <= _LONGEST_ETAG else None,
            date if date and len(date) <= _LONGEST_DATE and http_date(date) else None,
        )

    @property
    def strong(self) -> str | None:
        """What goes into If-Range: a strong entity tag, or the date (RFC 9110, 13.1.5); None for neither."""
        if self.etag:
            return self.etag if self.etag.startswith('"') and self.etag.endswith('"') else None
        return self.last_modified

    def conditions(self) -> dict[str, str]:
        """Return the fields that ask for the content only if it is another one."""
        fields = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in fields.items() if value and value.isprintable()}


def backoff(attempt: int) -> float:
    """Return how long to wait after try number `attempt` (from 1): exponential, with full jitter.

    Jitter over the whole span spreads the requests of many clients that failed together
    (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    """
    return random.uniform(0, min(_LONGEST_BACKOFF_SECONDS, _FIRST_BACKOFF_SECONDS * 2**attempt))  # noqa: S311


def status_words(status: int, reason: str | None) -> str:
    """Return a status with its phrase: the registered one, else the server's own, cut short."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = "".join(letter for letter in (reason or "")[:60] if letter.isprintable()).strip()
        return f"{status} {phrase}".strip()

"""What an entry of a manifest says of a medium: its fields, checked, as a reference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from textmill.records import MediaRef
from textmill.sources.labels import LabelError, check_languages, check_tags
from textmill.sources.urls import AddressError, normalise_url, shown

FIELDS = {
    "url": "url",
    "sha256": "sha256",
    "language": "language",
    "languages": "language",
    "tags": "tags",
    "filename": "filename",
    "date": "date",
}
"""Names that columns and keys may have, and the fields that they stand for. Others are ignored."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST_FILENAME = 255
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9 ._-]{0,250}[A-Za-z0-9]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Nanoseconds since 1970 in 64 bits, and the database's DATETIME.
_YEARS = range(1700, 2262)


class EntryError(ValueError):
    """An entry is malformed; the message is the rest of a sentence that begins with the line's number.

    `url` is what the entry is about, where that much can be told.
    """

    def __init__(self, message: str, url: str | None = None) -> None:
        super().__init__(message)
        self.url = url


@dataclass(frozen=True, slots=True)
class EntryReader:
    """Turns the fields of an entry into a reference.

    Attributes:
        source: name of the source.
        modified_ns: when an entry without a date was modified.
    """

    source: str
    modified_ns: int | None

    def bare(self, line: str) -> MediaRef:
        """Return the reference to a URL that stands alone, but for a comment behind it. Raises EntryError."""
        url = line.partition(" #")[0]
        return MediaRef(uri=_normal(url), source=self.source, modified_ns=self.modified_ns)

    def reference(self, fields: Mapping[str, Any]) -> MediaRef:
        """Return what the fields say; None and empty values are as good as none. Raises EntryError."""
        url = fields.get("url")
        if not url:
            raise EntryError("has no URL")
        if not isinstance(url, str):
            raise EntryError("has a url that is no text")
        uri = _normal(url)
        values: dict[str, Any] = {}
        try:
            for field, value in fields.items():
                if field != "url" and value:
                    name, read = _READ[field]
                    values[name] = read(value)
        except (EntryError, LabelError) as error:
            raise EntryError(f"{error}", uri) from None
        values.setdefault("modified_ns", self.modified_ns)
        return MediaRef(uri=uri, source=self.source, **values)


def _normal(url: str) -> str:
    try:
        return normalise_url(url.strip(" \t"))
    except AddressError as error:
        raise EntryError(f"has an address that {error}: {shown(url)}") from None


def _sha256(value: Any) -> str:
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return value
    digest = _text("sha256", value).strip().lower()
    if not _SHA256.fullmatch(digest):
        raise EntryError("has a sha256 that is not 64 hexadecimal digits")
    return digest


def _filename(value: Any) -> str:
    """Return the last name of a path, whichever system's: a manifest names a file, not a place for it."""
    if isinstance(value, str) and _PLAIN_NAME.fullmatch(value):
        return value
    name = re.split(r"[/\\]", _text("filename", value))[-1].strip()
    if name in ("", ".", "..") or len(name) > _LONGEST_FILENAME or _CONTROL.search(name):
        raise EntryError(
            f"has a filename that names no file, or is longer than {_LONGEST_FILENAME} characters"
        )
    return name


def _date(value: Any) -> int:
    return _nanoseconds(_text("date", value).strip())


# Millions of lines have a few values of these.
@lru_cache(maxsize=1024)
def _nanoseconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise EntryError("has a date that is not of ISO 8601, such as 2026-01-31T12:00:00Z") from None
    if moment.year not in _YEARS:
        raise EntryError(f"has a date that is not between {_YEARS.start} and {_YEARS.stop}")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _languages(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return _languages_of_text(value)
    return check_languages(_texts("language", value))


def _tags(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return _tags_of_text(value)
    return _tags_of_list(tuple(_texts("tags", value)))


@lru_cache(maxsize=1024)
def _languages_of_text(text: str) -> tuple[str, ...]:
    return check_languages(language for language in re.split(r"[\s,;]+", text) if language)


@lru_cache(maxsize=1024)
def _tags_of_text(text: str) -> tuple[str, ...]:
    return check_tags(re.split(r"[;,]", _text("tags", text)))


_READ = {
    "sha256": ("sha256", _sha256),
    "language": ("languages", _languages),
    "tags": ("tags", _tags),
    "filename": ("filename", _filename),
    "date": ("modified_ns", _date),
}


@lru_cache(maxsize=1024)
def _tags_of_list(tags: tuple[str, ...]) -> tuple[str, ...]:
    return check_tags(tags)


def _texts(field: str, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise EntryError(f"has a {field} that is neither text nor a list")
    return [_text(field, item) for item in value]


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise EntryError(f"has a {field} that is no text")
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair, out of JSON
        raise EntryError(f"has a {field} that is no valid text") from None
    return value

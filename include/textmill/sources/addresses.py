"""What somebody writes for where a source lies, as one URI without secrets."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from textmill.errors import StagingError
from textmill.records import SourceKind
from textmill.sources.manifest import format_of_name
from textmill.sources.urls import AddressError, normalise_url
from textmill.staging import path_of
from textmill.web_addresses import is_web

OBJECT_STORES = ("s3", "gs", "abfs", "abfss", "adl", "az", "gcs", "s3a")
CONNECTION = re.compile(r"[A-Za-z0-9_.-]{1,200}")
"""Ids of connections. Airflow allows more, but no more is needed, and a password seldom looks like this."""

KINDS_SHOWN = "an absolute path, or a file:, s3:, gs:, abfs:, http: or https: address"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AZURE_ACCOUNT = re.compile(r"[a-z0-9]+\.(?:dfs|blob)\.core\.[a-z0-9.-]+")
_ESCAPED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Address:
    """Where a source lies.

    Attributes:
        uri: percent-encoded, in ASCII.
        connection: id of the connection that the address names (`s3://ID@bucket/…`).
    """

    uri: str
    connection: str | None = None

    @property
    def scheme(self) -> str:
        """The scheme of the URI, in lower case."""
        return self.uri.partition(":")[0]

    @property
    def kind(self) -> SourceKind:
        """The kind of source that the address shows by its name; a local file's content may know better."""
        is_list = format_of_name(self.uri.partition("?")[0].rpartition("/")[2]) is not None
        if is_list:
            return SourceKind.MANIFEST
        return SourceKind.URL if is_web(self.uri) else SourceKind.FOLDER


def read_address(text: str, *, folder: Path) -> Address:
    """Return what an address says; relative paths start at `folder`.

    Raises:
        AddressError: it is of no kind that is read, or holds secrets.
    """
    if not text.strip() or _CONTROL.search(text):
        raise AddressError("is empty or holds a control character")
    if is_web(text):
        return Address(normalise_url(text.strip()))
    scheme = _SCHEME.match(text)
    if scheme is None:
        return Address(_path_uri(text, folder))
    if scheme[1].lower() == "file":
        return Address(_file_uri(text))
    if scheme[1].lower() in OBJECT_STORES:
        return _object_address(scheme[1].lower(), text[scheme.end() :])
    raise AddressError(f"is none that can be read; give {KINDS_SHOWN}")


def _path_uri(text: str, folder: Path) -> str:
    try:
        return Path(os.path.normpath(folder.absolute() / Path(text).expanduser())).as_uri()
    except (RuntimeError, ValueError):  # ~nobody, or half a surrogate pair
        raise AddressError("is no path of this machine") from None


def _file_uri(text: str) -> str:
    rest = text[len("file:") :]
    if not rest.startswith("/") or (rest.startswith("//") and not rest.startswith("///")):
        raise AddressError("is no file: address of this machine, such as file:///srv/scans")
    try:
        return Path(os.path.normpath(path_of(text))).as_uri()
    except (StagingError, ValueError):
        raise AddressError("is no file: address of this machine, such as file:///srv/scans") from None


def _object_address(scheme: str, rest: str) -> Address:
    """Read what follows `s3:`. Object names may hold `?` and `#`: there is no query and no fragment."""
    authority, slash, key = rest.removeprefix("//").partition("/")
    user, at, bucket = authority.rpartition("@")
    if not rest.startswith("//") or not bucket:
        raise AddressError(f"has no bucket; write {scheme}://bucket/folder")
    connection = None
    if at and scheme.startswith("abfs") and _AZURE_ACCOUNT.fullmatch(bucket):
        bucket = authority  # container@account
    elif at:
        if not CONNECTION.fullmatch(user):
            raise AddressError("has something before the @ that is no id of a connection")
        connection = user
    if not re.fullmatch(r"[A-Za-z0-9._@-]+", bucket):
        raise AddressError("has no valid bucket")
    key = quote(_ESCAPED.sub("%25", key), safe="/%!$&'()*+,;=:@~")
    return Address(f"{scheme}://{bucket}{slash}{key}", connection)

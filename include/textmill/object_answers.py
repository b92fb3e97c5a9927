"""What the file systems of object stores answer: facts about an object, and errors.

Each has words of its own. Their errors come from half a dozen libraries, and may hold what must not be shown:
signed URLs, headers, accounts. So sentences are made from the kind of an error and never from its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# s3fs, adlfs, gcsfs, memory. Last come the words of Google's own interface.
_MODIFIED = ("LastModified", "last_modified", "mtime", "updated", "modified", "created")
_ETAG = ("ETag", "etag")
_BYTES = ("size", "Size")


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What a store says about an object without opening it.

    Attributes:
        modified_ns: nanoseconds since 1970.
        etag: without quotes; it changes whenever the content does.
    """

    bytes: int
    modified_ns: int | None
    etag: str | None


def facts_of(info: Mapping[str, Any]) -> ObjectFacts:
    """Read what `AbstractFileSystem.info`, or one entry of a listing, says."""
    etag = _first(info, _ETAG)
    return ObjectFacts(
        bytes=int(_first(info, _BYTES) or 0),
        modified_ns=_nanoseconds(_first(info, _MODIFIED)),
        etag=str(etag).strip('"') if etag else None,
    )


def _first(info: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((info[name] for name in names if name in info), None)


def _nanoseconds(moment: Any) -> int | None:
    if isinstance(moment, str) and moment:
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        microseconds: int = (moment - _EPOCH) // _MICROSECOND
        return microseconds * 1000
    return int(moment * 1e9) if isinstance(moment, int | float) else None


class Trouble(Enum):
    """Why a store did not give what it was asked for."""

    GONE = auto()
    DENIED = auto()
    CHANGED = auto()
    AWAY = auto()


_NO_CREDENTIALS = (
    # botocore, google.auth, azure.core
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError",
    "DefaultCredentialsError", "RefreshError", "ClientAuthenticationError", "CredentialUnavailableError",
)  # fmt: skip
_OF_STATUS = {401: Trouble.DENIED, 403: Trouble.DENIED, 404: Trouble.GONE, 412: Trouble.CHANGED}


def trouble_of(error: BaseException) -> Trouble:
    """Tell what kind of trouble an error of a file system is."""
    name = type(error).__name__
    if name in _NO_CREDENTIALS or isinstance(error, PermissionError):
        return Trouble.DENIED
    if isinstance(error, FileNotFoundError):
        return Trouble.GONE
    if name == "FileExpired":  # s3fs: the object has another ETag than when it was opened
        return Trouble.CHANGED
    return _OF_STATUS.get(_status(error) or 0, Trouble.AWAY)


def kind_of(error: BaseException) -> str:
    """Name an error for a maintainer: its class, and the HTTP status where there is one."""
    status = _status(error)
    return type(error).__name__ + (f", HTTP {status}" if status else "")


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):  # botocore
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:  # azure.core, gcsfs
        status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if status is None and error.__cause__ is not None:  # s3fs translates botocore's errors
        return _status(error.__cause__)
    return int(status) if str(status).isdecimal() else None

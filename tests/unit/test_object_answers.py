"""What file systems of object stores answer, each in its own words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from textmill.object_answers import ObjectFacts, Trouble, facts_of, kind_of, trouble_of

MOMENT = datetime(2024, 5, 17, 8, 30, 0, 123000, tzinfo=UTC)
NANOSECONDS = 1_715_934_600_123_000_000


@pytest.mark.parametrize(
    "info",
    [
        {"Size": 7, "LastModified": MOMENT, "ETag": '"abc"'},
        {"size": 7, "LastModified": MOMENT.astimezone(timezone(timedelta(hours=2))), "ETag": "abc"},
        {"size": "7", "updated": "2024-05-17T08:30:00.123Z", "etag": "abc"},
        {"size": 7, "last_modified": MOMENT, "etag": '"abc"', "creation_time": None},
        {"size": 7, "mtime": MOMENT.replace(tzinfo=None), "etag": "abc"},
    ],
)
def test_facts_are_the_same_in_the_words_of_each_store(info: dict[str, Any]) -> None:
    assert facts_of(info) == ObjectFacts(bytes=7, modified_ns=NANOSECONDS, etag="abc")


def test_what_is_not_said_is_not_known() -> None:
    assert facts_of({"size": None, "ETag": ""}) == ObjectFacts(bytes=0, modified_ns=None, etag=None)


class HttpError(Exception):
    """As gcsfs and Azure have it."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__("https://account/?sig=s3cr3t")
        vars(self).update(attributes)


class NoCredentialsError(Exception):
    """As botocore has it."""


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "trouble", "kind"),
    [
        (FileNotFoundError(), Trouble.GONE, "FileNotFoundError"),
        (PermissionError(), Trouble.DENIED, "PermissionError"),
        (NoCredentialsError(), Trouble.DENIED, "NoCredentialsError"),
        (HttpError(code=404), Trouble.GONE, "HttpError, HTTP 404"),
        (HttpError(status_code=403), Trouble.DENIED, "HttpError, HTTP 403"),
        (
            HttpError(response={"ResponseMetadata": {"HTTPStatusCode": 412}}),
            Trouble.CHANGED,
            "HttpError, HTTP 412",
        ),
        (caused(OSError("s3cr3t"), HttpError(code="503")), Trouble.AWAY, "OSError, HTTP 503"),
        (TimeoutError("s3cr3t"), Trouble.AWAY, "TimeoutError"),
    ],
)
def test_errors_are_told_apart_and_named_without_their_text(
    error: Exception, trouble: Trouble, kind: str
) -> None:
    assert trouble_of(error) is trouble
    assert kind_of(error) == kind

"""How sources of URLs are opened by connections of Airflow's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from textmill.access import HttpAccess
from textmill.errors import SourceError
from textmill_airflow.connections import AirflowConnections

SECRET = "s3cr3t-t0ken"


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Any:
    def ask(**connection: Any) -> HttpAccess:
        monkeypatch.setenv("AIRFLOW_CONN_FILES", json.dumps({"conn_type": "http"} | connection))
        return AirflowConnections().http("files")

    return ask


def test_no_connection_gives_nothing_to_anybody() -> None:
    assert AirflowConnections().http(None) == HttpAccess()


def test_a_connection_says_who_is_given_what(ask: Any) -> None:
    access = ask(
        host="files.example.org",
        schema="https",
        login="reader",
        password=SECRET,
        extra={"headers": {"X-Api-Key": "another-s3cret"}, "proxy": "http://proxy:3128"},
    )
    assert access == HttpAccess(
        host="files.example.org",
        scheme="https",
        headers={"X-Api-Key": "another-s3cret"},
        login="reader",
        password=SECRET,
        proxy="http://proxy:3128",
    )
    assert "s3cret" not in repr(access)
    assert SECRET not in repr(access)


def test_passwords_and_headers_are_masked_in_logs(ask: Any) -> None:
    from airflow.sdk.log import redact

    ask(host="files.example.org", password="of-the-login", extra={"headers": {"X-Api-Key": "of-the-header"}})
    assert redact("sent of-the-login and of-the-header") == "sent *** and ***"


@pytest.mark.parametrize(
    ("connection", "host"),
    [
        ({"host": "Files.Example.org", "schema": "https", "port": 443}, "files.example.org"),
        ({"host": "files.example.org", "schema": "http", "port": 8080}, "files.example.org:8080"),
        ({"host": "files.example.org", "port": 80}, "files.example.org:80"),
        ({"host": "http://files.example.org:8080/base"}, "files.example.org:8080"),
        ({"host": "https://files.example.org/"}, "files.example.org"),
        ({"host": "::1", "port": 8080}, "[::1]:8080"),
        ({"host": ""}, None),
    ],
)
def test_the_host_is_written_as_in_a_url(ask: Any, connection: dict[str, Any], host: str | None) -> None:
    assert ask(**connection).host == host


@pytest.mark.parametrize(
    ("connection", "scheme"),
    [
        ({"host": "files.example.org", "schema": "https"}, "https"),
        ({"host": "http://files.example.org:8080/base"}, "http"),
        ({"host": "files.example.org", "port": 8080}, None),
    ],
)
def test_a_login_goes_by_the_scheme_that_is_given_alone(
    ask: Any, connection: dict[str, Any], scheme: str | None
) -> None:
    assert ask(**connection).scheme == scheme


@pytest.mark.parametrize(
    ("connection", "sentence"),
    [
        ({"password": SECRET}, "but no host"),
        ({"host": "h", "extra": {"headers": [SECRET]}}, "headers of the connection files is no JSON object"),
        ({"host": "h", "extra": {"headers": {"X": f"{SECRET}\r\nY: z"}}}, "no name with a text of one line"),
        ({"host": "h", "extra": {"headers": {SECRET + ":": "x"}}}, "no name with a text of one line"),
        ({"host": "h", "extra": {"proxy": f"//u:{SECRET}@proxy"}}, "not of the form http://host:port"),
        ({"host": f"http://u:{SECRET}@[", "password": "x"}, "host of the connection files is none"),
    ],
)
def test_what_makes_no_sense_is_a_sentence_without_secrets(
    ask: Any, connection: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SourceError, match=sentence) as caught:
        ask(**connection)
    assert SECRET not in str(caught.value)


def test_a_missing_connection_is_a_sentence() -> None:
    with pytest.raises(SourceError, match="There is no connection nobody"):
        AirflowConnections().http("nobody")

"""What header fields of an answer mean, also when they make no sense."""

from __future__ import annotations

import gzip
import zlib
from datetime import UTC, datetime

import pytest

from textmill.errors import TransferBroken
from textmill.fetching.http.answers import (
    ContentRange,
    Validators,
    backoff,
    content_range,
    modified_ns,
    retry_after,
    status_words,
)
from textmill.fetching.http.encodings import Decoder, decoder_for

NOW = datetime(2026, 3, 3, 10, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("120", 120.0), (" 7 ", 7.0), ("0", 0.0), ("Tue, 03 Mar 2026 10:02:00 GMT", 120.0),
        ("Tue, 03 Mar 2026 09:00:00 GMT", 0.0), ("-5", None), ("soon", None), ("", None), (None, None),
        ("1.5", None), ("٣", None), ("Tue, 99 Foo 2026", None), ("9" * 400, 999999999999.0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(field: str | None, seconds: float | None) -> None:
    assert retry_after(field, NOW) == seconds


@pytest.mark.parametrize(
    ("field", "meant"),
    [
        ("bytes 0-9/100", ContentRange(0, 9, 100)), ("bytes 5-9/*", ContentRange(5, 9, None)),
        ("bytes */100", ContentRange(None, None, 100)), ("BYTES 0-0/1", ContentRange(0, 0, 1)),
        ("bytes 9-5/100", None), ("bytes 0-100/100", None), ("bytes */*", None), ("items 0-9/100", None),
        ("bytes 0-9", None), ("bytes -1-9/100", None), ("", None), (None, None), ("bytes 0-9/100, x", None),
        ("bytes ٣-٤/٩", None),
    ],
)  # fmt: skip
def test_a_content_range_is_understood_or_not_at_all(field: str | None, meant: ContentRange | None) -> None:
    assert content_range(field) == meant


def test_only_strong_validators_let_a_transfer_go_on() -> None:
    assert Validators('"a"', None).strong == '"a"'
    assert Validators('W/"a"', "Tue, 03 Mar 2026 10:00:00 GMT").strong is None
    assert Validators(None, "Tue, 03 Mar 2026 10:00:00 GMT").strong == "Tue, 03 Mar 2026 10:00:00 GMT"
    assert Validators('W/"a"').conditions() == {"If-None-Match": 'W/"a"'}
    assert Validators.of({"ETag": "x" * 600, "Last-Modified": "yesterday"}) == Validators()
    assert Validators('"a\r\nHost: b"').conditions() == {}


def test_last_modified_becomes_a_time() -> None:
    assert modified_ns("Tue, 03 Mar 2026 10:00:00 GMT") == int(NOW.timestamp()) * 10**9
    assert modified_ns("Tue, 03 Mar 1900 10:00:00 GMT") is None
    assert modified_ns("gibberish") is None
    assert modified_ns(None) is None


def test_waits_grow_and_are_drawn_from_the_whole_span() -> None:
    draws = [[backoff(attempt) for _ in range(200)] for attempt in (1, 3, 30)]
    assert [max(some) <= most for some, most in zip(draws, (1, 4, 30), strict=True)] == [True] * 3
    assert [min(some) < most / 4 < max(some) for some, most in zip(draws, (1, 4, 30), strict=True)] == [
        True
    ] * 3


def test_a_status_has_its_registered_phrase_or_a_harmless_one() -> None:
    assert status_words(404, "\x1b[31mpwned") == "404 Not Found"
    assert status_words(520, "Origin\x1b Error") == "520 Origin Error"
    assert status_words(599, None) == "599"


CONTENT = bytes(range(256)) * 5000


def undone(decoder: Decoder, body: bytes, step: int = 1000) -> tuple[bytes, int]:
    pieces = [piece for at in range(0, len(body), step) for piece in decoder.decode(body[at : at + step])]
    decoder.finish()
    return b"".join(pieces), max(map(len, pieces), default=0)


@pytest.mark.parametrize("step", [1, 1000, 10**7])
def test_encodings_are_undone(step: int) -> None:
    bare = zlib.compressobj(wbits=-15)
    bodies = {
        "gzip": gzip.compress(CONTENT[:100_000]),
        "x-gzip": gzip.compress(CONTENT[:60_000]) + gzip.compress(CONTENT[60_000:100_000]),
        "deflate": zlib.compress(CONTENT[:100_000]),
        "Deflate": bare.compress(CONTENT[:100_000]) + bare.flush(),
        "identity": CONTENT[:100_000],
    }
    for encoding, body in bodies.items():
        assert undone(decoder_for(encoding, "x"), body, step)[0] == CONTENT[:100_000], encoding


def test_what_comes_out_comes_in_bounded_pieces() -> None:
    content, largest = undone(decoder_for("gzip", "x"), gzip.compress(bytes(50_000_000)), 10**7)
    assert (len(content), largest) == (50_000_000, 256 * 1024)


@pytest.mark.parametrize("body", [gzip.compress(CONTENT)[:-1], gzip.compress(CONTENT)[:50], b"\x1f\x8b\x08"])
def test_an_encoding_that_breaks_off_is_noticed(body: bytes) -> None:
    with pytest.raises(TransferBroken, match="broke off"):
        undone(decoder_for("gzip", "x"), body)


def test_damage_and_unknown_encodings_are_noticed() -> None:
    with pytest.raises(TransferBroken, match="damaged"):
        undone(decoder_for("gzip", "x"), b"this is no gzip at all")
    with pytest.raises(TransferBroken, match="in more than"):
        undone(decoder_for("gzip", "x"), gzip.compress(b"") * 2000)
    for field in ("br", "zstd", "gzip, gzip", "aes128gcm"):
        with pytest.raises(TransferBroken, match="none was asked for"):
            decoder_for(field, "x")

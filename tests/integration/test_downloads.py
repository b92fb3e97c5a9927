"""The downloader against a server that misbehaves, over real sockets and without a database."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_server import CONTENT, DATE, ETAG, SHA256, HostileServer, running_server
from url_items import HASTY, download_all, url_item

from textmill.access import HttpAccess
from textmill.errors import MediumError, Reason, SourceError
from textmill.fetching.content_store import ContentStore, Incoming
from textmill.fetching.http.downloads import LOOK_AHEAD, Downloads, SourceAccess
from textmill.fetching.http.manifest import download_manifest
from textmill.records import BatchItem
from textmill.settings import Settings


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textmill.fetching.http.answers._FIRST_BACKOFF_SECONDS", 0.05)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with running_server() as server:
        yield server


def one(url: str, folder: Path, **how: Any) -> Incoming | MediumError | None:
    known = {name: how.pop(name) for name in ("etag", "last_modified", "sha256", "filename") if name in how}
    (arrival,) = download_all([url_item(url, **known)], folder, **how).values()
    assert [path.name for path in folder.rglob("incoming-*")] == []
    return arrival.result


def content(url: str, folder: Path, **how: Any) -> bytes:
    result = one(url, folder, **how)
    assert isinstance(result, Incoming), result
    whole = result.place.read_bytes()
    assert (len(whole), hashlib.sha256(whole).hexdigest()) == (result.bytes, result.sha256)
    return whole


def refusal(url: str, folder: Path, **how: Any) -> MediumError:
    result = one(url, folder, **how)
    assert isinstance(result, MediumError), result
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    return result


ARRIVES_WHOLE = [
    "fine", "conditional", "gzipped", "deflated", "bare-deflate", "wrong-type", "part", "other-part",
    "shifted-part", "no-such-part", "too-many-requests", "unavailable-once", "redirect", "redirect?left=5",
    "dated",
]  # fmt: skip


@pytest.mark.parametrize("route", ARRIVES_WHOLE)
def test_what_can_be_had_arrives_whole(server: HostileServer, tmp_path: Path, route: str) -> None:
    whole = content(server.url(f"/{route}"), tmp_path)
    assert whole == CONTENT


REFUSED = {
    "drip": (Reason.TRANSFER_BROKEN, "TEXTMILL_DOWNLOAD_SECONDS"),
    "stall": (Reason.TRANSFER_BROKEN, "TEXTMILL_READ_SECONDS"),
    "mute": (Reason.TRANSFER_BROKEN, "TEXTMILL_READ_SECONDS"),
    "hang-up": (Reason.TRANSFER_BROKEN, "It was tried 3 times"),
    "truncated": (Reason.TRANSFER_BROKEN, "broke before the answer was complete"),
    "shorter-than-said": (Reason.TRANSFER_BROKEN, "broke before the answer was complete"),
    "broken-chunks": (Reason.TRANSFER_BROKEN, ""),
    "absurd-length": (Reason.TRANSFER_BROKEN, "no HTTP"),
    "garbage": (Reason.TRANSFER_BROKEN, "no HTTP"),
    "header-flood": (Reason.TRANSFER_BROKEN, "header is longer"),
    "long-header": (Reason.TRANSFER_BROKEN, "header is longer"),
    "unasked-part": (Reason.TRANSFER_BROKEN, "206 Partial Content"),
    "damaged-gzip": (Reason.TRANSFER_BROKEN, "damaged"),
    "half-gzip": (Reason.TRANSFER_BROKEN, "broke off"),
    "unknown-encoding": (Reason.TRANSFER_BROKEN, "encoding br"),
    "huge": (Reason.TOO_MANY_BYTES, "TEXTMILL_MAX_FILE_BYTES"),
    "endless": (Reason.TOO_MANY_BYTES, "TEXTMILL_MAX_FILE_BYTES"),
    "bomb": (Reason.TOO_MANY_BYTES, "TEXTMILL_MAX_FILE_BYTES"),
    "empty": (Reason.EMPTY_FILE, "0 bytes"),
    "empty-for-good": (Reason.EMPTY_FILE, "204 No Content"),
    "come-back-tomorrow": (Reason.HTTP_FAILED, "86,400 seconds"),
    "unavailable": (Reason.HTTP_FAILED, "503 Service Unavailable"),
    "status?code=500": (Reason.HTTP_FAILED, "500 Internal Server Error"),
    "status?code=501": (Reason.HTTP_FAILED, "501 Not Implemented"),
    "status?code=401": (Reason.HTTP_REFUSED, "401 Unauthorized"),
    "status?code=403": (Reason.HTTP_REFUSED, "403 Forbidden"),
    "status?code=404": (Reason.HTTP_REFUSED, "404 Not Found"),
    "status?code=410": (Reason.HTTP_REFUSED, "410 Gone"),
    "status?code=416": (Reason.HTTP_REFUSED, "416"),
    "status?code=451": (Reason.HTTP_REFUSED, "451 Unavailable For Legal Reasons"),
    "status?code=202": (Reason.HTTP_REFUSED, "202 Accepted"),
    "status?code=300": (Reason.HTTP_REFUSED, "300 Multiple Choices"),
    "unasked-not-modified": (Reason.HTTP_REFUSED, "304 Not Modified"),
    "nowhere": (Reason.HTTP_REFUSED, "302 Found"),
    "circle": (Reason.TOO_MANY_REDIRECTS, "in a circle"),
    "redirect?left=40": (Reason.TOO_MANY_REDIRECTS, "TEXTMILL_MOST_REDIRECTS"),
    "redirect?to=ftp://a/b": (Reason.ADDRESS_NOT_ALLOWED, "redirects"),
    "redirect?to=//u:secret@127.0.0.1/": (Reason.ADDRESS_NOT_ALLOWED, "login"),
    "redirect?to=http://2130706433/": (Reason.ADDRESS_NOT_ALLOWED, "unusual spelling"),
    "redirect?to=http://[::1/": (Reason.ADDRESS_NOT_ALLOWED, "no URL"),
}


@pytest.mark.parametrize("route", REFUSED)
def test_what_cannot_be_had_is_refused_with_the_reason(
    server: HostileServer, tmp_path: Path, route: str
) -> None:
    reason, words = REFUSED[route]
    mark = "&" if "?" in route else "?"
    settings = {"download_seconds": 1.5} if route == "drip" else {}
    error = refusal(server.url(f"/{route}{mark}signature=s3cret"), tmp_path, **settings)
    assert error.reason is reason, error.message
    assert words in error.message
    assert f"127.0.0.1:{server.port}/{route.partition('?')[0]}" in error.message
    assert "s3cret" not in error.message + error.detail
    assert "secret" not in error.message.replace("s3cret", "")


def test_hosts_that_cannot_be_reached_are_told(server: HostileServer, tmp_path: Path) -> None:
    names = {"refuses.test": ["127.0.0.1"], "plain.test": ["127.0.0.1"]}
    urls = ["http://unknown.test/", "http://refuses.test:9/", f"https://plain.test:{server.port}/fine"]
    arrived = download_all([url_item(url) for url in urls], tmp_path, names=names)
    errors = [arrived[url].result for url in urls]
    assert all(isinstance(error, MediumError) and error.reason is Reason.UNREACHABLE for error in errors)
    assert "is not known" in str(errors[0])
    assert "It was tried 3 times" in str(errors[1])
    assert "TLS" in str(errors[2])


class TestGuard:
    NAMES = {"inside.test": ["127.0.0.1"], "mixed.test": ["93.184.216.34", "127.0.0.1"]}  # noqa: RUF012

    def test_names_of_private_addresses_are_not_asked(self, server: HostileServer, tmp_path: Path) -> None:
        for host in ("127.0.0.1", "inside.test", "mixed.test"):
            url = server.url("/fine", host)
            error = refusal(url, tmp_path, allow_private=False, names=self.NAMES)
            assert (error.reason, server.asked.total()) == (Reason.ADDRESS_NOT_ALLOWED, 0)
            assert "127.0.0.1" in error.message

    def test_a_redirect_does_not_lead_where_the_url_may_not(
        self, server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The server's own address counts as public here; its neighbours on loopback do not."""
        import ipaddress

        from textmill.fetching.http import addresses

        real = addresses.kind_of_address
        ours = ipaddress.ip_address("127.0.0.1")
        monkeypatch.setattr(addresses, "kind_of_address", lambda one: "public" if one == ours else real(one))
        names = {"public.test": ["127.0.0.1"], "inside.test": ["127.0.0.2"]}
        for host in ("inside.test", "127.0.0.2", "[::ffff:127.0.0.2]", "169.254.169.254"):
            url = server.url(f"/redirect?to=http://{host}:{server.port}/fine", "public.test")
            error = refusal(url, tmp_path, allow_private=False, names=names)
            assert error.reason is Reason.ADDRESS_NOT_ALLOWED
            assert "public.test" in error.message and "redirects" in error.message
        assert not [target for target in server.asked if target.startswith("/fine")]
        assert content(server.url("/redirect", "public.test"), tmp_path, allow_private=False, names=names)


class TestProxy:
    """The server is a proxy too: what is asked of it may be a whole URL."""

    NAMES = {  # noqa: RUF012
        "proxy.test": ["127.0.0.1"],
        "inside.test": ["127.0.0.1"],
        "inside-by-ipv6.test": ["fd00::1"],
    }

    def through(self, server: HostileServer, tmp_path: Path, url: str) -> Incoming | MediumError | None:
        access = HttpAccess(proxy=f"http://ada:pw@proxy.test:{server.port}")
        return one(url, tmp_path, access=access, names=self.NAMES, allow_private=False)

    def test_it_may_be_inside_and_resolves_what_is_not_known_here(
        self, server: HostileServer, tmp_path: Path
    ) -> None:
        result = self.through(server, tmp_path, "http://elsewhere.test/seen-headers")
        assert isinstance(result, Incoming)
        assert server.asked == {"http://elsewhere.test/seen-headers": 1}

    def test_it_is_not_asked_for_what_is_inside(self, server: HostileServer, tmp_path: Path) -> None:
        for host in ("inside.test", "inside-by-ipv6.test", "127.0.0.1", "proxy.test"):
            result = self.through(server, tmp_path, f"http://{host}/fine")
            assert isinstance(result, MediumError) and result.reason is Reason.ADDRESS_NOT_ALLOWED
        assert server.asked.total() == 0

    def test_its_login_appears_nowhere(self, tmp_path: Path) -> None:
        access = HttpAccess(proxy="http://ada:s3cret@127.0.0.1:9")
        error = refusal("http://elsewhere.test/", tmp_path, access=access, names={})
        assert "the proxy cannot be connected to" in error.message
        assert "s3cret" not in error.message + error.detail + repr(access)


class TestLogin:
    def seen(self, server: HostileServer, tmp_path: Path, url: str, host: str) -> str:
        access = HttpAccess(host=host, headers={"X-Key": "k3y"}, login="ada", password="pw")
        names = {"a.test": ["127.0.0.1"], "b.test": ["127.0.0.1"]}
        return content(url, tmp_path, access=access, names=names).decode()

    def test_it_is_given_to_its_host_only(self, server: HostileServer, tmp_path: Path) -> None:
        host = f"a.test:{server.port}"
        seen = self.seen(server, tmp_path, server.url("/seen-headers", "a.test"), host)
        assert "authorization: Basic YWRhOnB3" in seen and "x-key: k3y" in seen
        for other in ("b.test", "127.0.0.1"):
            seen = self.seen(server, tmp_path, server.url("/seen-headers", other), host)
            assert "authorization" not in seen and "x-key" not in seen
        assert "x-key" not in self.seen(server, tmp_path, server.url("/seen-headers", "a.test"), "a.test")

    def test_one_that_is_meant_for_tls_is_not_given_without(
        self, server: HostileServer, tmp_path: Path
    ) -> None:
        access = HttpAccess(host=f"127.0.0.1:{server.port}", scheme="https", login="ada", password="pw")
        assert b"authorization" not in content(server.url("/seen-headers"), tmp_path, access=access)

    def test_it_goes_along_redirects_of_its_host_and_no_further(
        self, server: HostileServer, tmp_path: Path
    ) -> None:
        host = f"a.test:{server.port}"
        onward = "/redirect?to=/seen-headers"
        assert "x-key" in self.seen(server, tmp_path, server.url(onward, "a.test"), host)
        onward = f"/redirect?to={server.url('/seen-headers', 'b.test')}"
        assert "x-key" not in self.seen(server, tmp_path, server.url(onward, "a.test"), host)
        back = server.url(f"/redirect?to={server.url('/seen-headers', 'a.test')}", "b.test")
        assert "x-key" not in self.seen(server, tmp_path, server.url(f"/redirect?to={back}", "a.test"), host)


def test_requests_say_who_asks_and_that_no_encoding_is_wanted(server: HostileServer, tmp_path: Path) -> None:
    seen = content(server.url("/seen-headers"), tmp_path).decode()
    assert "user-agent: Textmill/" in seen
    assert "accept-encoding: identity" in seen
    assert "cookie" not in seen


def test_a_broken_transfer_goes_on_where_it_stopped(server: HostileServer, tmp_path: Path) -> None:
    assert content(server.url("/part"), tmp_path, download_attempts=3) == CONTENT
    assert server.asked["/part"] == 3
    assert content(server.url("/changing"), tmp_path) == b"try 3 of a text. " * 1000


def test_what_is_known_is_not_sent_again(server: HostileServer, tmp_path: Path) -> None:
    assert one(server.url("/conditional"), tmp_path, etag=ETAG) is None
    assert content(server.url("/conditional"), tmp_path, etag='"another"') == CONTENT


def test_validators_come_with_the_content(server: HostileServer, tmp_path: Path) -> None:
    fine, dated = one(server.url("/fine"), tmp_path), one(server.url("/dated?n=1"), tmp_path)
    assert isinstance(fine, Incoming) and isinstance(dated, Incoming)
    assert (fine.etag, fine.last_modified) == (ETAG, None)
    assert (dated.etag, dated.last_modified) == (None, DATE)


def test_a_checksum_is_kept_or_the_content_refused(server: HostileServer, tmp_path: Path) -> None:
    assert content(server.url("/part"), tmp_path, sha256=SHA256) == CONTENT
    error = refusal(server.url("/fine?n=1"), tmp_path / "b", sha256=SHA256, filename="it.pdf")
    assert error.reason is Reason.CHECKSUM_MISMATCH
    assert error.message.startswith("it.pdf (http://")


def test_a_host_that_asks_to_wait_is_left_alone_by_all_and_holds_up_nobody(
    server: HostileServer, tmp_path: Path
) -> None:
    names = {"a.test": ["127.0.0.1"], "b.test": ["127.0.0.1"]}
    polite = [url_item(server.url("/too-many-requests", "a.test"))]
    others = [url_item(server.url(f"/fine?n={number}", "a.test")) for number in range(20)]
    beside = [url_item(server.url(f"/fine?n=b{number}", "b.test")) for number in range(20)]
    times: dict[str, float] = {}
    web = SourceAccess(HttpAccess(), True, 1, 10**6)
    from url_items import TestNames

    begun = time.monotonic()
    with Downloads(
        polite + others + beside,
        ContentStore(tmp_path),
        Settings(**HASTY, requests_at_once=2),
        {"web": web},
        resolver=lambda: TestNames(names),
    ) as downloads:
        for arrival in downloads:
            assert isinstance(arrival.result, Incoming), arrival.result
            times[arrival.item.ref.uri] = time.monotonic() - begun
            arrival.drop()
    assert len(times) == 41
    assert max(times[item.ref.uri] for item in beside) < 0.9
    assert min(times[item.ref.uri] for item in others) >= 1.0
    assert server.most_at_once <= 2


def test_a_host_gets_no_more_requests_at_once_than_it_may(server: HostileServer, tmp_path: Path) -> None:
    items = [url_item(server.url(f"/unavailable-once?n={number}")) for number in range(60)]
    arrived = download_all(items, tmp_path, per_host=3)
    assert all(isinstance(arrival.result, Incoming) for arrival in arrived.values())
    assert server.most_at_once <= 3


def test_a_host_that_is_down_is_soon_not_asked_any_more(tmp_path: Path) -> None:
    items = [url_item(f"http://127.0.0.1:9/{number}") for number in range(300)]
    begun = time.monotonic()
    arrived = download_all(items, tmp_path)
    assert {arrival.result.reason for arrival in arrived.values()} == {Reason.UNREACHABLE}  # type: ignore[union-attr]
    assert sum("was not asked" in str(arrival.result) for arrival in arrived.values()) > 250
    assert time.monotonic() - begun < 10


class TestFacade:
    def downloads(self, items: Iterator[BatchItem], tmp_path: Path, **settings: Any) -> Downloads:
        web = SourceAccess(HttpAccess(), True, 64, 10**6)
        return Downloads(items, ContentStore(tmp_path), Settings(**HASTY | settings), {"web": web})

    def test_it_looks_ahead_and_finishes_only_so_far(self, server: HostileServer, tmp_path: Path) -> None:
        taken = 0

        def items() -> Iterator[BatchItem]:
            nonlocal taken
            for number in range(100_000):
                taken += 1
                yield url_item(server.url(f"/fine?n={number}"), number)

        with self.downloads(items(), tmp_path, requests_at_once=8) as downloads:
            arrivals = iter(downloads)
            next(arrivals).drop()
            time.sleep(1)
            assert taken <= LOOK_AHEAD + 3
            assert len(list(tmp_path.rglob("incoming-*"))) <= 2 * 8 + 2
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
        assert "downloads" not in {thread.name for thread in threading.enumerate()}

    def test_leaving_it_ends_what_is_under_way(self, server: HostileServer, tmp_path: Path) -> None:
        stuck = (url_item(server.url(f"/mute?n={number}")) for number in range(100))
        begun = time.monotonic()
        with self.downloads(stuck, tmp_path, read_seconds=60, download_seconds=60):
            time.sleep(0.3)
        assert time.monotonic() - begun < 2

    def test_a_fault_of_ours_reaches_the_caller(self, server: HostileServer, tmp_path: Path) -> None:
        def items() -> Iterator[BatchItem]:
            yield url_item(server.url("/mute"))
            raise ZeroDivisionError

        with self.downloads(items(), tmp_path) as downloads, pytest.raises(ZeroDivisionError):
            list(downloads)
        (tmp_path / "file").touch()
        broken = ContentStore(tmp_path / "file" / "store")
        web = SourceAccess(HttpAccess(), True, 8, 10**6)
        items_ = [url_item(server.url("/fine"))]
        with Downloads(items_, broken, Settings(), {"web": web}) as downloads, pytest.raises(OSError):
            list(downloads)


class TestManifest:
    def test_it_comes_with_its_time(self, server: HostileServer, tmp_path: Path) -> None:
        got = download_manifest(
            server.url("/dated"), tmp_path / "m", HttpAccess(), Settings(**HASTY), allow_private=True
        )
        assert (tmp_path / "m").read_bytes() == CONTENT
        assert (got.bytes, got.last_modified) == (len(CONTENT), DATE)
        assert got.modified_ns == 1_772_532_000 * 10**9

    def test_a_manifest_that_cannot_be_had_is_a_fault_of_the_source(
        self, server: HostileServer, tmp_path: Path
    ) -> None:
        knobs = Settings(**HASTY, max_manifest_bytes=1000)
        for target, words in {
            "/status?code=404": "404 Not Found",
            "/fine": "TEXTMILL_MAX_MANIFEST_BYTES",
        }.items():
            with pytest.raises(SourceError, match=words):
                download_manifest(server.url(target), tmp_path / "m", HttpAccess(), knobs, allow_private=True)
        with pytest.raises(SourceError, match="ALLOW_PRIVATE"):
            download_manifest(server.url("/fine"), tmp_path / "m", HttpAccess(), knobs, allow_private=False)
        assert list(tmp_path.iterdir()) == []


def test_a_body_that_is_longer_than_said_is_cut_or_refused(server: HostileServer, tmp_path: Path) -> None:
    """What HTTP has is the length that was said (RFC 9112, 6.3); what follows it is no answer to anything."""
    result = one(server.url("/longer-than-said"), tmp_path)
    if isinstance(result, MediumError):
        assert result.reason is Reason.TRANSFER_BROKEN
    else:
        assert isinstance(result, Incoming) and result.place.read_bytes() == CONTENT[:100]

"""Which addresses may be asked, and which not, however they are written."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from textmill.errors import AddressNotAllowed
from textmill.fetching.http.addresses import (
    ForbiddenAddress,
    GuardedResolver,
    checked_url,
    kind_of_address,
)
from textmill.fetching.http.naming import host_of, shown

INSIDE = [
    "127.0.0.1", "127.255.0.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "0.0.0.0",
    "0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "fe80::1", "fec0::1", "fc00::1",
    "fd00:ec2::254", "ff02::1", "ff0e::1", "2001:db8::1", "100::1", "5f00::1", "2a00::5efe:7f00:1",
    "2a00::200:5efe:a00:1",
]  # fmt: skip
OUTSIDE = [
    "93.184.216.34",
    "1.1.1.1",
    "2606:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
    "2002:101:101::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_told(address: str) -> None:
    assert kind_of_address(ipaddress.ip_address(address)) != "public"
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(AddressNotAllowed):
        checked_url(f"http://{host}/a", allow_private=False)


@pytest.mark.parametrize("address", OUTSIDE)
def test_public_addresses_may_be_asked(address: str) -> None:
    assert kind_of_address(ipaddress.ip_address(address)) == "public"


@pytest.mark.parametrize(
    "host",
    [
        "0x7f.1", "0x7f000001", "2130706433", "017700000001", "127.1", "127.0.0.1.", "0177.0.0.1",
        "127.0.0.01", "9999999999999", "①②⑦.1", "127。0。1", "%31%32%37.0.0.1", "[fe80::1%25eth0]",
    ],
)  # fmt: skip
@pytest.mark.parametrize("allow_private", [False, True])
def test_odd_spellings_of_addresses_do_not_get_by(host: str, allow_private: bool) -> None:
    with pytest.raises(AddressNotAllowed):
        checked_url(f"http://{host}/a", allow_private=allow_private)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.com/a", "gopher://example.com", "http:///a", "//example.com/a",
        "http://user:secret@example.com/a", "http://user@example.com/a", "http://x\\@127.0.0.1/", "http://[::1",
        "http://example.com:99999/", "",
    ],
)  # fmt: skip
def test_only_plain_web_addresses_are_asked(url: str) -> None:
    with pytest.raises(AddressNotAllowed) as caught:
        checked_url(url, allow_private=True)
    assert "secret" not in str(caught.value)


def test_private_addresses_may_be_asked_where_the_source_allows_it_but_none_of_no_host() -> None:
    assert str(checked_url("http://127.0.0.1:8000/a?b#c", allow_private=True)) == "http://127.0.0.1:8000/a?b"
    with pytest.raises(AddressNotAllowed, match="no single host"):
        checked_url("http://224.0.0.1/", allow_private=True)
    with pytest.raises(AddressNotAllowed, match="ALLOW_PRIVATE=1"):
        checked_url("http://10.0.0.1/", allow_private=False)


class Names(AbstractResolver):
    """A name service with the answers that it was given."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=one, port=port, family=socket.AF_INET, proto=0, flags=0)
            for one in self.addresses
        ]

    async def close(self) -> None:
        pass


def test_one_address_inside_spoils_a_name() -> None:
    guard = GuardedResolver(Names("93.184.216.34", "10.0.0.1"), allow_private=False)
    with pytest.raises(ForbiddenAddress, match=r"10\.0\.0\.1"):
        asyncio.run(guard.resolve("example.com", 80))
    guard = GuardedResolver(Names("93.184.216.34"), allow_private=False)
    assert [one["host"] for one in asyncio.run(guard.resolve("example.com", 80))] == ["93.184.216.34"]


def test_the_proxy_may_be_inside() -> None:
    guard = GuardedResolver(Names("10.0.0.1"), allow_private=False, trusted=frozenset({"proxy.local"}))
    assert asyncio.run(guard.resolve("proxy.local", 80))
    with pytest.raises(ForbiddenAddress):
        asyncio.run(guard.resolve("example.com", 80))


def test_urls_are_shown_without_what_may_be_secret() -> None:
    assert shown("https://user:pw@h:1/a/b.pdf?sig=s3cret#frag") == "https://h:1/a/b.pdf"
    assert shown("https://h/a\nb") == "https://h/ab"
    assert len(shown("https://h/" + "a" * 5000)) <= 300
    assert "pw" not in shown("http://u:pw@[::1/a?s=1") and "s=1" not in shown("http://u:pw@[::1/a?s=1")
    assert shown("not a url?x=1") == ":not a url"


def test_requests_are_counted_by_host_and_port() -> None:
    assert host_of("http://Example.COM./a") == host_of("http://example.com:80/b") == "example.com:80"
    assert host_of("https://example.com/") == "example.com:443"

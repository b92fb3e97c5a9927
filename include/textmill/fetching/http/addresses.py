"""Which addresses may be asked: the guard against requests that are led into the network of the pipeline.

A URL in a manifest, or a redirect, may name a host inside of the network in which Textmill runs, or a name
that stands for such an address (server-side request forgery, CWE-918). So the scheme and the host of every
URL are checked before it is asked, and names are resolved by `GuardedResolver`: the connection goes to the
very addresses that were checked, and never to another answer of the name service.

A connection that is kept alive is used again only for the same host and port and by the same session. Its
address was checked when it was opened, and sessions that may ask private addresses share none with those that
may not.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from textmill.errors import AddressNotAllowed
from textmill.fetching.http.naming import shown

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is routed in the public IPv6 internet (RFC 4291, 2.4)."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""An IPv4 address behind a translator (RFC 6052, 2.1)."""
_COMPATIBLE = ipaddress.IPv6Network("::/96")
"""IPv4-compatible addresses (RFC 4291, 2.5.5.1): deprecated, still understood."""
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""What precedes the IPv4 address in an interface identifier of RFC 5214, 6.1."""
_INSIDE = (
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure's platform resource
    ipaddress.IPv4Network("192.0.0.0/24"),  # RFC 6890; at .192 is the metadata service of Oracle's cloud
)
"""Addresses inside of networks that Python's `ipaddress` takes for public."""


class ForbiddenAddress(Exception):
    """A host stands for an address that must not be asked."""

    def __init__(self, host: str, address: str, kind: str) -> None:
        super().__init__(f"{host} is at {address}, {kind}")
        self.host = host
        self.address = address
        self.kind = kind


def embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address to which packets for an IPv6 address go in the end, if there is one in it."""
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 0xFFFF):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def kind_of_address(address: Address) -> str:
    """Return `public`, or why an address is not, in words that end a sentence."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = embedded_ipv4(address)
        if inner is not None:
            return kind_of_address(inner)
    if address.is_unspecified or address.is_multicast:
        return "an address of no single host"
    if isinstance(address, ipaddress.IPv4Address) and address.is_reserved:
        return "an address of no single host"
    if address.is_loopback:
        return "an address of this machine"
    if address.is_link_local:
        return "a link-local address"
    if not address.is_global or any(address in network for network in _INSIDE):
        return "a private address"
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return "a private address"
    return "public"


def check_address(host: str, text: str, *, allow_private: bool) -> None:
    """Check one address of a host; raises ForbiddenAddress."""
    kind = kind_of_address(ipaddress.ip_address(text))
    if kind == "public" or (allow_private and kind != "an address of no single host"):
        return
    raise ForbiddenAddress(host, text, kind)


def checked_url(url: str | URL, *, allow_private: bool) -> URL:
    """Return a URL that may be asked, without its fragment.

    Raises:
        AddressNotAllowed: it is no http or https URL, holds a login, or its host is an address that is not
            allowed or is written in a way that hides which one it is.
    """
    try:
        parsed = URL(url)
        host = parsed.raw_host
    except ValueError as error:
        raise AddressNotAllowed(f"{shown(url)} is no URL that can be asked.", detail=str(error)) from None
    if parsed.scheme not in ("http", "https") or not host:
        raise AddressNotAllowed(f"{shown(url)} is no http or https URL with a host; only those are asked.")
    if parsed.raw_user is not None or parsed.raw_password is not None:
        raise AddressNotAllowed(
            f"{shown(url)} holds a login. Put it into an Airflow connection, and name that in the source."
        )
    _check_host(host, parsed, allow_private=allow_private)
    return parsed.with_fragment(None)


def _check_host(host: str, url: URL, *, allow_private: bool) -> None:
    """Check a host that is an address; aiohttp asks the resolver about names only."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if _is_disguised_address(host):
            raise AddressNotAllowed(
                f"{shown(url)} names an address in an unusual spelling; write it as four decimal numbers."
            ) from None
        return
    if "%" in host:
        raise AddressNotAllowed(f"{shown(url)} names a network interface; such an address is not asked.")
    try:
        check_address(host, host, allow_private=allow_private)
    except ForbiddenAddress as forbidden:
        raise not_allowed(url, forbidden) from None


def _is_disguised_address(host: str) -> bool:
    """Return whether the C library takes a host for an IPv4 address: 0x7f.1, 2130706433, 127.0.0.1."""
    bare = host.rstrip(".")
    with suppress(OSError, UnicodeError):
        socket.inet_aton(bare)
        return True
    # Digits alone, too large for it; other libraries take them modulo 2**32.
    return "%" in bare or bare.replace(".", "").isdigit()


def not_allowed(url: str | URL, forbidden: ForbiddenAddress) -> AddressNotAllowed:
    """Return the error about a URL whose host is at an address that must not be asked."""
    remedy = (
        ""
        if forbidden.kind == "an address of no single host"
        else " Set allow_private for its source (ALLOW_PRIVATE=1 for one run) if it is meant to be asked."
    )
    return AddressNotAllowed(
        f"{shown(url)} leads to {forbidden.address}, {forbidden.kind}; it was not asked.{remedy}",
        detail=str(forbidden),
    )


class GuardedResolver(AbstractResolver):
    """Resolves names, and refuses those of which any address is not allowed.

    One is enough: a name with public and private addresses at once is a mistake, or an attempt to have the
    private one tried when the public one does not answer.

    Args:
        trusted: hosts that are not checked, as they come from a connection of ours (the proxy).
    """

    def __init__(
        self, inner: AbstractResolver, *, allow_private: bool, trusted: frozenset[str] = frozenset()
    ) -> None:
        self._inner = inner
        self._allow_private = allow_private
        self._trusted = trusted

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve a name.

        Raises:
            ForbiddenAddress: it has an address that is not allowed.
            OSError: it has no address, or the name service does not answer.
        """
        found = await self._inner.resolve(host, port, family)
        if host not in self._trusted:
            for result in found:
                check_address(host, result["host"], allow_private=self._allow_private)
        return found

    async def close(self) -> None:
        """Close the resolver that does the work."""
        await self._inner.close()

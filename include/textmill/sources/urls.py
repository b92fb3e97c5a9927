"""One way to write each URL, so that the same address is the same location."""

from __future__ import annotations

import ipaddress
import re

from textmill.web_addresses import is_web

MOST_CHARACTERS = 15_000
"""The warehouse keeps 16,000: what lies in an archive is named behind the address of the archive."""

_TOO_LONG = f"is longer than {MOST_CHARACTERS:,} characters"
_LONGEST_AUTHORITY = 300
"""Characters of host and port: a name of the DNS has at most 253, and fewer of another script."""

_MOST_SHOWN = 80
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN = re.compile(
    rf"https?://(?=[^/]{{1,253}}/){_LABEL}(?:\.{_LABEL})*"
    r"(?:/(?!\.)(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?:20|[89A-F][0-9A-F]))++)+/?(?:\?[A-Za-z0-9._~=&-]+)?"
)
"""URLs that are normal already, as most are: normalising them costs twenty times as much as seeing that."""
_HOST_NAME = re.compile(r"(?!.{255})[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_AT = re.compile(r".*(?:[@\uff20\ufe6b]|%40|\\u0040)", re.DOTALL | re.IGNORECASE)


class AddressError(ValueError):
    """An address cannot be used; the message goes on from "the address …" and shows nothing of it."""


def normalise_url(text: str) -> str:
    """Return a URL as RFC 3986, 6.2.2 and 6.2.3, has it normal, without its fragment, in ASCII.

    Scheme and host are in lower case, names of other scripts in IDNA, the default port is left out, an empty
    path is `/`, dot segments are resolved, and what needs it is percent-encoded.

    Raises:
        AddressError: it is no http or https URL, has no host, or has a user name in it.
    """
    if _PLAIN.fullmatch(text) and len(text) <= MOST_CHARACTERS:
        return text
    _check(text)
    return _normalised(text)


def _check(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise AddressError(_TOO_LONG)
    if _CONTROL.search(text):
        raise AddressError("holds a control character")
    if not is_web(text):
        scheme = _SCHEME.match(text)
        raise AddressError(
            f"is of the scheme {scheme[0]}, not http or https"
            if scheme and text.startswith("://", scheme.end())
            else "is no http or https URL"
        )
    authority = re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]
    if _AT.match(authority):
        raise AddressError("has a user name or password in it; credentials belong in a connection")
    if len(authority) > _LONGEST_AUTHORITY:  # before IDNA, which takes the square of its length
        raise AddressError("has no valid host")


def _normalised(text: str) -> str:
    from yarl import URL

    try:
        text.encode()  # half a surrogate pair, out of JSON
        url = URL(text).with_fragment(None)
        host = url.raw_host
    except ValueError:  # its message may show what it is about
        raise AddressError("is no valid URL") from None
    if not host or not _is_host(host):
        raise AddressError("has no valid host")
    normal = str(url)
    if normal.count("/") == 2:
        normal += "/"
    if not normal.isascii() or len(normal) > MOST_CHARACTERS:
        raise AddressError(_TOO_LONG)
    return normal


def _is_host(host: str) -> bool:
    if ":" not in host:
        return _HOST_NAME.fullmatch(host) is not None
    try:
        return ipaddress.IPv6Address(host).scope_id is None
    except ValueError:
        return False


def shown(text: str) -> str:
    """Return a piece of an address for people to read: short, without what may be a password or a token."""
    if secret := _AT.match(text):
        text = f"…@{text[secret.end() :]}"
    text, question_mark, _ = text.partition("?")
    text = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[: _MOST_SHOWN + 1]
    )
    return text[:_MOST_SHOWN] + "…" if len(text) > _MOST_SHOWN else text + ("?…" if question_mark else "")

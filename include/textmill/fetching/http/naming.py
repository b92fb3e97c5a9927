"""How URLs appear in sentences and log lines: without what may be secret in them."""

from __future__ import annotations

from urllib.parse import urlsplit

from yarl import URL

from textmill.records import MediaRef
from textmill.staging import name_of

_LONGEST = 300


def shown(url: str | URL) -> str:
    """Return a URL without login, query and fragment: a query may hold a signature.

    Control characters become `�`; what is longer than 300 characters is cut in the middle.
    """
    text = str(url)
    try:
        parts = urlsplit(text)
    except ValueError:
        text = text.partition("?")[0].partition("#")[0]
        scheme, mark, rest = text.partition("://")
        text = scheme + mark + rest.rpartition("@")[2] if mark else text
    else:
        host = parts.netloc.rpartition("@")[2]
        text = f"{parts.scheme}://{host}{parts.path}" if host else f"{parts.scheme}:{parts.path}"
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 + 1 :]}"
    return text


def host_of(url: str | URL) -> str:
    """Return the host and port by which requests to one server are counted, in lower case."""
    try:
        parsed = URL(url)
    except ValueError:
        return ""
    return f"{(parsed.raw_host or '').rstrip('.').lower()}:{parsed.port or ''}"


def name_of_ref(ref: MediaRef) -> str:
    """Return what to call a medium: as its manifest does, by the last part of its address, or by its host."""
    return ref.filename or name_of(ref.uri) or shown(ref.uri)

"""What can go wrong with one request, told apart by whether another try may help."""

from __future__ import annotations

import asyncio
import socket

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientHttpProxyError,
    ClientPayloadError,
    ClientProxyConnectionError,
    ClientResponseError,
    ConnectionTimeoutError,
    InvalidURL,
    SocketTimeoutError,
)
from aiohttp.http import HttpProcessingError
from yarl import URL

from textmill.errors import AddressNotAllowed, MediumError, TransferBroken, Unreachable
from textmill.fetching.http.addresses import ForbiddenAddress, not_allowed
from textmill.fetching.http.naming import shown
from textmill.settings import Settings

_UNKNOWN_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class TryAgain(Exception):
    """A request failed in a way that may pass.

    Attributes:
        error: what is to be said when there is no other try.
        wait: seconds that the server asks to wait; None leaves it to us.
        host: who asks for that.
        is_elsewhere: it failed behind a redirect.
    """

    def __init__(self, error: MediumError, *, wait: float | None = None, host: str = "") -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.host = host
        self.is_elsewhere = False


class Postponed(Exception):
    """A redirect leads to a host that asked for a pause: no try, and no fault of this URL."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"postponed by {seconds:.1f} s")
        self.seconds = seconds


def failure_of(error: BaseException, url: URL, settings: Settings) -> MediumError | TryAgain | None:
    """Return what a failed request means; None for what is no fault of the network or the server.

    Nothing of what libraries print about a URL is repeated: it holds the query.
    """
    if isinstance(error, ForbiddenAddress):
        return not_allowed(url, error)
    if isinstance(error, ConnectionTimeoutError):
        return TryAgain(
            Unreachable(
                f"{shown(url)}: no connection came about within {settings.connect_seconds:g} seconds "
                f"(TEXTMILL_CONNECT_SECONDS)."
            )
        )
    if isinstance(error, asyncio.TimeoutError | SocketTimeoutError):
        return TryAgain(
            TransferBroken(
                f"{shown(url)}: the server sent nothing for {settings.read_seconds:g} seconds "
                f"(TEXTMILL_READ_SECONDS)."
            )
        )
    if isinstance(error, ClientConnectorError | ClientHttpProxyError):
        return _not_connected(error, url)
    if isinstance(error, UnicodeError | InvalidURL):
        return Unreachable(f"{shown(url)}: no host can have this name.")
    if isinstance(error, ClientResponseError | HttpProcessingError):
        return TransferBroken(
            f"{shown(url)}: what the server answers is no HTTP, or its header is longer than allowed.",
            detail=f"{type(error).__name__}: {error.message}",
        )
    if isinstance(error, ClientError | OSError):
        return _broken(error, url)
    return None


def _not_connected(error: ClientConnectorError | ClientHttpProxyError, url: URL) -> MediumError | TryAgain:
    name = shown(url)
    if isinstance(error, ClientHttpProxyError):
        return Unreachable(f"{name}: the proxy does not let requests through (it answers {error.status}).")
    detail = f"{type(error).__name__}: {error.strerror or ''}"
    if isinstance(error, ClientConnectorCertificateError):
        return Unreachable(
            f"{name}: the certificate of the host cannot be trusted.",
            detail=str(error.certificate_error),
        )
    if isinstance(error, ClientConnectorSSLError):
        return Unreachable(f"{name}: the host does not speak TLS as it should.", detail=detail)
    if isinstance(error, ClientConnectorDNSError):
        sentence = f"{name}: the name of the host is not known."
        unreachable = Unreachable(sentence, detail=detail)
        return unreachable if error.os_error.errno in _UNKNOWN_NAME else TryAgain(unreachable)
    who = "the proxy" if isinstance(error, ClientProxyConnectionError) else "the host"
    return TryAgain(Unreachable(f"{name}: {who} cannot be connected to.", detail=detail))


def _broken(error: Exception, url: URL) -> TryAgain:
    # Of aiohttp's own errors only those about a body are known to hold no URL.
    is_about_body = isinstance(error, ClientPayloadError)
    text = error.strerror if isinstance(error, OSError) else str(error) if is_about_body else ""
    return TryAgain(
        TransferBroken(
            f"{shown(url)}: the connection broke before the answer was complete.",
            detail=f"{type(error).__name__}: {text or ''}",
        )
    )


def redirected(error: MediumError, start: str) -> MediumError:
    """Return the error of an address to which a URL led, telling which URL that was."""
    if not isinstance(error, AddressNotAllowed | Unreachable):
        return error
    return type(error)(f"{shown(start)} redirects. {error.message}", detail=error.detail)

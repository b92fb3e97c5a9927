"""Undo the content encodings of HTTP (RFC 9110, 8.4) in pieces of bounded size.

Textmill asks for none. Servers that compress all the same are understood. What comes out of one piece is
never held as a whole: a kilobyte can unpack to a megabyte.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from textmill.errors import TransferBroken

_PIECE_BYTES = 256 * 1024
_MOST_MEMBERS = 1024
"""Compressed streams behind each other: more in one body is an attempt to keep the processor busy."""


class Decoder(Protocol):
    """Turns the bytes of a body into those of the content."""

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the content of a piece of the body in bounded pieces.

        Raises:
            TransferBroken: the body is not of its encoding.
        """
        ...

    def finish(self) -> None:
        """Take note of the body's end; raises TransferBroken when it comes too early."""
        ...


class Identity:
    """No encoding."""

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the piece as it is."""
        yield chunk

    def finish(self) -> None:
        """Nothing is left over."""


class Inflater:
    """`gzip` (RFC 1952, of several members too) and `deflate` (RFC 1950, or bare RFC 1951 as some send)."""

    def __init__(self, encoding: str, name: str) -> None:
        self._gzip = encoding == "gzip"
        self._encoding = encoding
        self._name = name
        self._members = 0
        self._stream: zlib._Decompress | None = None

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """See `Decoder`."""
        while chunk:
            stream = self._stream or self._begin(chunk)
            try:
                piece = stream.decompress(chunk, _PIECE_BYTES)
            except zlib.error as error:
                raise TransferBroken(
                    f"{self._name} arrived in the encoding {self._encoding}, which is damaged.",
                    detail=str(error),
                ) from None
            if piece:
                yield piece
            chunk = stream.unused_data if stream.eof else stream.unconsumed_tail
            if stream.eof:
                self._stream = None
                if not self._gzip and chunk:
                    return  # one stream is all there is; what follows is nobody's
            elif not chunk and len(piece) == _PIECE_BYTES:
                yield from self._rest(stream)

    def finish(self) -> None:
        """See `Decoder`."""
        if self._stream is not None:
            raise TransferBroken(f"{self._name} broke off in the middle of its encoding {self._encoding}.")

    def _rest(self, stream: zlib._Decompress) -> Iterator[bytes]:
        """Yield what is still in the decompressor although it has consumed all input."""
        while not stream.eof and (piece := stream.decompress(b"", _PIECE_BYTES)):
            yield piece
        if stream.eof:
            self._stream = None

    def _begin(self, chunk: bytes) -> zlib._Decompress:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise TransferBroken(
                f"{self._name} arrived in the encoding {self._encoding} in more than {_MOST_MEMBERS} pieces."
            )
        if self._gzip:
            bits = 16 + zlib.MAX_WBITS
        else:
            # CM, the low four bits of the first byte of RFC 1950, is 8; bare data begins otherwise.
            bits = zlib.MAX_WBITS if chunk[0] & 0x0F == 8 else -zlib.MAX_WBITS
        self._stream = zlib.decompressobj(wbits=bits)
        return self._stream


def decoder_for(field: str | None, name: str) -> Decoder:
    """Return what undoes the encodings that the field Content-Encoding names.

    Raises:
        TransferBroken: one of them is not known here, or there are several.
    """
    encodings = [part.strip().lower() for part in (field or "").split(",")]
    named = [part for part in encodings if part not in ("", "identity")]
    if not named:
        return Identity()
    encoding = named[0].removeprefix("x-")
    if len(named) == 1 and encoding in ("gzip", "deflate"):
        return Inflater(encoding, name)
    words = "".join(letter for letter in ", ".join(named)[:60] if letter.isprintable())
    raise TransferBroken(
        f"{name} arrives in the content encoding {words}, although none was asked for; Textmill undoes gzip "
        f"and deflate. Have the server send the file as it is."
    )

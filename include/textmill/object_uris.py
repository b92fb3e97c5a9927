"""Addresses of objects: `s3://bucket/key`, with the key escaped so that it is one address and plain ASCII."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

# Surrogates stand for bytes that are no UTF-8: an address with such bytes finds nothing, and breaks nothing.
_STRAY_BYTES = "surrogateescape"


@dataclass(frozen=True, slots=True)
class ObjectUri:
    """An object, or what the keys of several begin with.

    Attributes:
        scheme: in lower case.
        authority: the bucket; in Azure's words the container, which may be followed by `@` and the host of
            its account.
        key: as the store has it, not escaped. It may hold anything: spaces, `#`, `?`, `//`, line breaks.
    """

    scheme: str
    authority: str
    key: str

    @classmethod
    def parse(cls, address: str) -> ObjectUri:
        """Take an address apart.

        All that follows the bucket is the key, also a `?` or `#` that somebody typed unescaped.
        """
        scheme, _, rest = address.partition("://")
        authority, _, key = rest.partition("/")
        return cls(scheme.lower(), authority, unquote(key, errors=_STRAY_BYTES))

    def __str__(self) -> str:
        # Also `!` is escaped: in an address it stands before the name of an archive's member.
        return f"{self.scheme}://{self.authority}/{quote(self.key, errors=_STRAY_BYTES)}"

    @property
    def bucket(self) -> str:
        """The bucket or container alone."""
        return self.authority.partition("@")[0]

    @property
    def path(self) -> str:
        """Bucket and key, as fsspec's file systems take them."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

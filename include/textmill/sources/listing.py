"""What every kind of source gives: a stream of references, and what that stream stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from textmill.records import MediaRef, Rejection


class Listing(Protocol):
    """One walk through a source. Iterate once, in bounded memory, whatever the size of the source.

    Yields a rejection for what is no reference: a malformed line of a manifest.

    Attributes:
        unlisted: URIs of folders that could not be listed, complete once the stream is at its end. What lay
            there or below is unknown, not gone.
        settling: URIs of what is there but may still be being written, and waits for the next run. Whoever
            iterates may empty it at any time.
    """

    settling: list[str]

    @property
    def unlisted(self) -> Sequence[str]:
        """See above."""
        ...

    def __iter__(self) -> Iterator[MediaRef | Rejection]:
        """Stream the references, in a fixed order."""
        ...

    def covers(self, uri: str) -> bool:
        """Whether the stream would have named `uri` if it were there: below the root, taken by the globs."""
        ...

    @property
    def prefix(self) -> str | None:
        """With what all URIs of the source begin; None where only its name tells them (a manifest)."""
        ...

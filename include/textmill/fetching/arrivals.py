"""What downloaders hand over: items in the order of their arrival, complete or with the reason why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from textmill.errors import MediumError
from textmill.fetching.content_store import Incoming
from textmill.records import BatchItem


@dataclass(frozen=True)
class Arrival:
    """An item at the end of its way into the content store.

    Attributes:
        result: the copy; the reason why there is none; or None: it is still what is known already.
    """

    item: BatchItem
    result: Incoming | MediumError | None

    @contextmanager
    def receive(self) -> Iterator[Incoming]:
        """Hand over the copy; what is not kept within the block is dropped. Raises the reason otherwise."""
        if isinstance(self.result, MediumError):
            raise self.result
        assert self.result is not None, "nothing arrived, as nothing changed"
        try:
            yield self.result
        finally:
            self.drop()

    def drop(self) -> None:
        """Remove the copy unless it was kept."""
        if isinstance(self.result, Incoming):
            self.result.drop()

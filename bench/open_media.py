"""Media that are opened once for many of their pages."""

from __future__ import annotations

from pathlib import Path

from bench.reading import open_for_bench
from textmill.media import Medium
from textmill.page import Page
from textmill.records import TextLayerUse
from textmill.settings import Settings


class OpenMedia:
    """Keeps the medium of the last page open: pages of one document mostly come one after the other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key: tuple[Path, TextLayerUse] | None = None
        self._medium: Medium | None = None

    def page(self, path: Path, page_no: int, text_layer: TextLayerUse = TextLayerUse.NEVER) -> Page:
        """Return a page of a medium; raises MediumError when it cannot be had."""
        if self._medium is None or (path, text_layer) != self._key:
            self.close()
            self._medium = open_for_bench(path, self._settings, text_layer).__enter__()
            self._key = (path, text_layer)
        return self._medium.page(page_no)

    def close(self) -> None:
        """Close what is open."""
        if self._medium is not None:
            self._medium.__exit__(None, None, None)
            self._medium = None

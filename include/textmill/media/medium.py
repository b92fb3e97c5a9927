"""What all media have in common: limits, and the protocol by which pages are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from textmill.errors import TooManyPages, TooManyPixels
from textmill.page import PageImage


@dataclass(frozen=True)
class PageLimits:
    """Bounds on what a medium may ask of the machine; each is a setting of the same name."""

    max_pixels: int
    page_pixel_budget: int
    max_pages: int
    page_timeout_seconds: float

    def refuse_pages(self, name: str, pages: int) -> None:
        """Raise TooManyPages when a medium has more pages than allowed."""
        if pages > self.max_pages:
            raise TooManyPages(f"{name} has {pages:,} pages; TEXTMILL_MAX_PAGES allows {self.max_pages:,}.")

    def refuse_pixels(self, name: str, width: int, height: int, page_no: int) -> None:
        """Raise TooManyPixels when a page is larger than allowed."""
        if width * height > self.max_pixels:
            raise TooManyPixels(
                f"{name}, page {page_no}: {width:,} x {height:,} pixels are more than the "
                f"{self.max_pixels:,} that TEXTMILL_MAX_PIXELS allows.",
                page_no=page_no,
            )


class Medium(Protocol):
    """An opened medium. Use as a context manager; pages may be asked for in any order."""

    page_count: int

    def page(self, page_no: int) -> PageImage:
        """Return page `page_no` (from 1). Raises MediumError when this page cannot be had."""
        ...

    def __enter__(self) -> Medium: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

"""What all media have in common: options, limits, and the protocol by which pages are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from textmill.errors import TooManyPages, TooManyPixels
from textmill.page import Page
from textmill.records import AnimationFrames, TextLayerUse
from textmill.settings import Settings


@dataclass(frozen=True)
class MediaOptions:
    """How media are opened, and bounds on what they may ask of the machine.

    Attributes:
        dpi: resolution at which pages without pixels of their own are drawn.
        passwords: candidates for documents that need one; never shown.
        The others are settings of the same name.
    """

    dpi: int = 200
    text_layer: TextLayerUse = TextLayerUse.AUTO
    animation_frames: AnimationFrames = AnimationFrames.FIRST
    languages: tuple[str, ...] = ("en",)
    passwords: tuple[str, ...] = field(default=(), repr=False)
    max_pixels: int = 100_000_000
    page_pixel_budget: int = 40_000_000
    max_pages: int = 10_000
    max_text_bytes: int = 64 * 1024**2
    max_video_seconds: float = 6 * 3600.0
    page_timeout_seconds: float = 300.0

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


def media_options(
    settings: Settings,
    *,
    dpi: int,
    text_layer: TextLayerUse = TextLayerUse.AUTO,
    animation_frames: AnimationFrames = AnimationFrames.FIRST,
    languages: tuple[str, ...] = ("en",),
) -> MediaOptions:
    """Return the options for a run with these wishes on a deployment with these settings.

    Raises:
        SettingsError: the file with the candidate passwords cannot be read.
    """
    return MediaOptions(
        dpi=dpi,
        text_layer=text_layer,
        animation_frames=animation_frames,
        languages=languages,
        passwords=settings.pdf_passwords(),
        max_pixels=settings.max_pixels,
        page_pixel_budget=settings.page_pixel_budget,
        max_pages=settings.max_pages,
        max_text_bytes=settings.max_text_bytes,
        max_video_seconds=settings.max_video_seconds,
        page_timeout_seconds=settings.page_timeout_seconds,
    )


class Medium(Protocol):
    """An opened medium. Use as a context manager; pages may be asked for in any order."""

    page_count: int

    def page(self, page_no: int) -> Page:
        """Return page `page_no` (from 1). Raises MediumError when this page cannot be had."""
        ...

    def __enter__(self) -> Medium: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

"""From the picture of a page to the picture that an engine reads, and back to the page's own pixels."""

from __future__ import annotations

from dataclasses import dataclass

from textmill.page import PageImage, PageText


@dataclass(frozen=True)
class PreparedPage:
    """A page that is ready to be read.

    Attributes:
        picture: what the engine gets.
        page: the page upright and otherwise as it came: lines are outlined in its pixels.
        steps: what was done, in words, for the page's record.
    """

    picture: PageImage
    page: PageImage
    steps: tuple[str, ...] = ()

    def restore(self, text: PageText) -> PageText:
        """Return what was read with its outlines in the pixels of `page`."""
        return text


class Preprocessor:
    """Prepares pages.

    Attributes:
        fingerprint: changes whenever the same page could come out differently.
    """

    def __init__(self, wish: str) -> None:
        self.fingerprint = wish

    def prepare(self, page: PageImage) -> PreparedPage:
        """Return the page as an engine should get it."""
        return PreparedPage(picture=page, page=page)

"""A page as pixels: what media yield and engines read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PageImage:
    """One page, ready to be read.

    Attributes:
        page_no: from 1.
        pixels: uint8 array of shape (height, width, 3), channels in the order blue, green, red.
        dpi: resolution in dots per inch, None where the medium does not say.
        rotation: degrees clockwise by which the stored picture was turned to stand upright.
    """

    page_no: int
    pixels: Any
    dpi: int | None
    rotation: int = 0

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.pixels.shape[0])

"""The picture of a page on its way through the steps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from textmill.preprocessing.measuring import grey_thumbnail, in_grey


@dataclass(frozen=True)
class Picture:
    """Pixels, and how they came out of those of the page.

    Attributes:
        pixels: uint8 array of shape (height, width, 3), channels in the order blue, green, red.
        dpi: resolution, None where it is not known.
        matrix: maps pixels of the page to these (see `textmill.preprocessing.geometry`).
        steps: what was done, in words.
    """

    pixels: Any
    dpi: int | None
    matrix: Any = field(default_factory=lambda: np.eye(3))
    steps: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.pixels.shape[0])

    @cached_property
    def grey(self) -> Any:
        """The whole picture in grey, uint8 array of shape (height, width)."""
        return in_grey(self.pixels)

    @cached_property
    def thumbnail(self) -> Any:
        """The picture in grey, with about a million pixels at most."""
        return grey_thumbnail(self.grey)

    def after(self, pixels: Any, step: str, *, matrix: Any = None, dpi: int | None = None) -> Picture:
        """Return what a step made of this; `matrix` and `dpi` where it moved or scaled anything."""
        return replace(
            self,
            pixels=pixels,
            dpi=self.dpi if dpi is None else dpi,
            matrix=self.matrix if matrix is None else matrix @ self.matrix,
            steps=(*self.steps, step),
        )
